package io.onnxfleet.inference.protocol.v2.codec;

import io.onnxfleet.contract.api.HeaderNames;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.inference.protocol.http.BodyInput;
import java.io.IOException;
import java.io.InputStream;

/** The first bytes of a body, which are its JSON; what follows them is left unread. */
final class HeaderInput extends InputStream {
  private final BodyInput body;
  private final long length;
  private long left;

  /** The first {@code length} bytes of the body. */
  HeaderInput(BodyInput body, long length) {
    if (length < 0 || length > body.remainingAtMost()) {
      throw tooLong(length, body.remainingAtMost());
    }
    this.body = body;
    this.length = length;
    left = length;
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
  }

  @Override
  public int read(byte[] target, int offset, int count) throws IOException {
    if (left == 0) {
      return -1;
    }
    int read = body.read(target, offset, (int) Math.min(count, left));
    if (read < 0) {
      throw tooLong(length, length - left);
    }
    left -= read;
    return read;
  }

  private static InferenceException tooLong(long length, long available) {
    return InferenceException.invalidInput(
        "%s: %d (expected from 0 to %d, the length of the body)",
        HeaderNames.HEADER_LENGTH, length, available);
  }
}
