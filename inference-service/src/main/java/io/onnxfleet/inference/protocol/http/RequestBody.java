package io.onnxfleet.inference.protocol.http;

import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import jakarta.servlet.ServletInputStream;
import jakarta.servlet.http.HttpServletRequest;
import java.io.EOFException;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.zip.ZipException;

/**
 * The body of an HTTP request, decompressed. A body above the bound is refused: at once if its
 * length was announced, else when it gets there, compressed or not. Not thread-safe.
 */
public final class RequestBody extends BodyInput {
  private final ServletInputStream connection;
  private final InputStream source;
  private final ContentCoding coding;
  private final long maxBytes;
  private final long announced;
  private long count;

  private RequestBody(
      ServletInputStream connection,
      InputStream source,
      ContentCoding coding,
      long maxBytes,
      long announced) {
    this.connection = connection;
    this.source = source;
    this.coding = coding;
    this.maxBytes = maxBytes;
    this.announced = announced;
  }

  /**
   * The request's body.
   *
   * @throws UnsupportedCodingException if it is compressed in another way than gzip or deflate
   * @throws InferenceException with {@link ErrorCode#REQUEST_TOO_LARGE} if it is announced as
   *     larger than {@code maxBytes}
   */
  public static RequestBody of(HttpServletRequest request, long maxBytes) throws IOException {
    ContentCoding coding = ContentCoding.ofRequest(request.getHeader("Content-Encoding"));
    long length = request.getContentLengthLong();
    if (length > maxBytes) {
      throw new InferenceException(
          ErrorCode.REQUEST_TOO_LARGE,
          "body of %d bytes (expected: <= %d)".formatted(length, maxBytes));
    }
    ServletInputStream connection = request.getInputStream();
    try {
      InputStream source = coding.decompress(unclosed(connection));
      return new RequestBody(connection, source, coding, maxBytes, length);
    } catch (ZipException | EOFException failure) {
      throw corrupt(coding, failure);
    }
  }

  // The container ends the connection's stream; what is closed here is the decompression.
  private static InputStream unclosed(InputStream connection) {
    return new FilterInputStream(connection) {
      @Override
      public void close() {}
    };
  }

  @Override
  public long remainingAtMost() {
    boolean exact = coding == ContentCoding.IDENTITY && announced >= 0;
    return (exact ? announced : maxBytes) - count;
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
  }

  @Override
  public int read(byte[] target, int offset, int length) throws IOException {
    if (coding == ContentCoding.IDENTITY) {
      return counted(connection.read(target, offset, length));
    }
    try {
      return counted(source.read(target, offset, length));
    } catch (ZipException | EOFException failure) {
      throw corrupt(coding, failure);
    }
  }

  @Override
  public int read(ByteBuffer target) throws IOException {
    if (coding != ContentCoding.IDENTITY) {
      return super.read(target);
    }
    // Containers differ in where they leave position and limit, so they get a view.
    int read = counted(connection.read(target.slice()));
    if (read > 0) {
      target.position(target.position() + read);
    }
    return read;
  }

  private int counted(int read) {
    if (read > 0) {
      count += read;
      if (count > maxBytes) {
        throw new InferenceException(
            ErrorCode.REQUEST_TOO_LARGE,
            "body of more than %d bytes%s (expected: <= %d)"
                .formatted(
                    maxBytes,
                    coding == ContentCoding.IDENTITY ? "" : " after decompression",
                    maxBytes));
      }
    }
    return read;
  }

  private static InferenceException corrupt(ContentCoding coding, IOException failure) {
    return InferenceException.invalidInput(
        "the body is not what Content-Encoding: %s announces (%s)",
        coding.label(), failure.getMessage());
  }

  @Override
  public void close() throws IOException {
    source.close();
  }
}
