package io.onnxfleet.contract.inference;

import org.jspecify.annotations.Nullable;

/**
 * A message's body and what its header says of it.
 *
 * @param body JSON, and binary tensors behind it
 * @param headerLength bytes of JSON, for {@code Inference-Header-Content-Length}; null where there
 *     is nothing but JSON
 */
@SuppressWarnings("ArrayRecordComponent") // Never compared; sent as it is.
public record WireMessage(byte[] body, @Nullable Integer headerLength) {

  /**
   * A message as it came.
   *
   * @param header what the header says; null if it is missing
   * @throws IllegalArgumentException if that cannot be; the message may be shown
   */
  public static WireMessage of(byte[] body, @Nullable String header) {
    if (header == null) {
      return new WireMessage(body, null);
    }
    int length;
    try {
      length = Integer.parseInt(header.strip());
    } catch (NumberFormatException malformed) {
      length = -1;
    }
    if (length < 0 || length > body.length) {
      throw new IllegalArgumentException(
          "header length: %s (expected from 0 to %d, the length of the body)"
              .formatted(header, body.length));
    }
    return new WireMessage(body, length);
  }

  int jsonLength() {
    return headerLength == null ? body.length : headerLength;
  }
}
