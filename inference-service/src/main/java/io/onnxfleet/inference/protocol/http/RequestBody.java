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
import java.util.function.BooleanSupplier;
import java.util.zip.ZipException;

/**
 * The body of an HTTP request, decompressed. A body above the bound is refused: at once if its
 * length was announced, else when it gets there, compressed or not. What was read counts against
 * the {@link BodyBudget} until this is closed. Reading lets other requests have the processor now
 * and then, however much a few bytes inflate to. Not thread-safe.
 */
public final class RequestBody extends BodyInput {
  /** Bytes after which others have their turn; a fraction of a millisecond's work. */
  private static final long TURN = 64 << 10;

  private final ServletInputStream connection;
  private final InputStream source;
  private final ContentCoding coding;
  private final long maxBytes;
  private final long announced;
  private final BodyBudget.Share share;
  private final BooleanSupplier late;
  private long count;
  private long turnEnds = TURN;

  private RequestBody(
      ServletInputStream connection,
      InputStream source,
      ContentCoding coding,
      long maxBytes,
      long announced,
      BodyBudget.Share share,
      BooleanSupplier late) {
    this.connection = connection;
    this.source = source;
    this.coding = coding;
    this.maxBytes = maxBytes;
    this.announced = announced;
    this.share = share;
    this.late = late;
  }

  /**
   * The request's body.
   *
   * @param share which is the body's from now on
   * @param late true once nobody waits for what is read
   * @throws UnsupportedCodingException if it is compressed in another way than gzip or deflate
   * @throws InferenceException with {@link ErrorCode#REQUEST_TOO_LARGE} if it is announced as
   *     larger than {@code maxBytes}
   */
  static RequestBody of(
      HttpServletRequest request, long maxBytes, BodyBudget.Share share, BooleanSupplier late)
      throws IOException {
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
      return new RequestBody(connection, source, coding, maxBytes, length, share, late);
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
      share.cover(count);
      if (count >= turnEnds) {
        turnEnds = count + TURN;
        takeTurns();
      }
    }
    return read;
  }

  @SuppressWarnings("ThreadPriorityCheck") // virtual threads are scheduled here, in turn
  private void takeTurns() {
    if (late.getAsBoolean()) {
      throw new InferenceException(
          ErrorCode.DEADLINE_EXCEEDED, "the deadline passed while the body was read");
    }
    Thread.yield();
  }

  private static InferenceException corrupt(ContentCoding coding, IOException failure) {
    return InferenceException.invalidInput(
        "the body is not what Content-Encoding: %s announces (%s)",
        coding.label(), failure.getMessage());
  }

  @Override
  public void close() throws IOException {
    share.close();
    source.close();
  }
}
