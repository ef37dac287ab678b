package io.onnxfleet.inference.protocol.http;

import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.request.Deadline;
import io.onnxfleet.engine.request.Ticker;
import jakarta.servlet.ServletInputStream;
import jakarta.servlet.http.HttpServletRequest;
import java.io.EOFException;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.zip.ZipException;
import org.jspecify.annotations.Nullable;

/**
 * The body of an HTTP request, decompressed. A body above the bound is refused: at once if its
 * length was announced, else when it gets there, compressed or not. What was read counts against
 * the {@link BodyBudget} until this is closed. Reading lets other requests have the processor now
 * and then, and goes at an {@link InflationPace} where a few bytes inflate to many. Not
 * thread-safe.
 */
public final class RequestBody extends BodyInput {
  /** Of a request: its body, as far as it was opened. */
  private static final String ATTRIBUTE = RequestBody.class.getName();

  /** Bytes after which others have their turn; a fraction of a millisecond's work. */
  private static final long TURN = 64 << 10;

  private final ServletInputStream connection;
  private final Sent sent;
  private final InputStream source;
  private final ContentCoding coding;
  private final long maxBytes;
  private final long announced;
  private final BodyBudget.Share share;
  private final InflationPace pace;
  private final Ticker ticker;
  private final Deadline deadline;
  private long count;
  private long turnEnds = TURN;
  private long turnBegan;

  private RequestBody(
      HttpServletRequest request,
      ContentCoding coding,
      long maxBytes,
      BodyBudget.Share share,
      InflationPace pace,
      Ticker ticker,
      Deadline deadline)
      throws IOException {
    this.connection = request.getInputStream();
    this.sent = new Sent(connection);
    this.source = coding.decompress(sent);
    this.coding = coding;
    this.maxBytes = maxBytes;
    this.announced = request.getContentLengthLong();
    this.share = share;
    this.pace = pace;
    this.ticker = ticker;
    this.deadline = deadline;
    this.turnBegan = ticker.nanoTime();
  }

  /**
   * The request's body.
   *
   * @param share which is the body's from now on
   * @param deadline after which nobody waits for what is read
   * @throws UnsupportedCodingException if it is compressed in another way than gzip or deflate
   * @throws InferenceException with {@link ErrorCode#REQUEST_TOO_LARGE} if it is announced as
   *     larger than {@code maxBytes}
   */
  static RequestBody of(
      HttpServletRequest request,
      long maxBytes,
      BodyBudget.Share share,
      InflationPace pace,
      Ticker ticker,
      Deadline deadline)
      throws IOException {
    ContentCoding coding = ContentCoding.ofRequest(request.getHeader("Content-Encoding"));
    long length = request.getContentLengthLong();
    if (length > maxBytes) {
      throw new InferenceException(
          ErrorCode.REQUEST_TOO_LARGE,
          "body of %d bytes (expected: <= %d)".formatted(length, maxBytes));
    }
    try {
      RequestBody body = new RequestBody(request, coding, maxBytes, share, pace, ticker, deadline);
      request.setAttribute(ATTRIBUTE, body);
      return body;
    } catch (ZipException | EOFException failure) {
      throw corrupt(coding, failure);
    }
  }

  /**
   * How much was read of a request's body, decompressed, where that is more than a little.
   *
   * @return null where it is not
   */
  public static @Nullable String bytesOf(HttpServletRequest request) {
    return request.getAttribute(ATTRIBUTE) instanceof RequestBody body
            && body.count > InflationPace.UNHURRIED_ABOVE
        ? Long.toString(body.count)
        : null;
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
    long now = ticker.nanoTime();
    if (deadline.isExpired(now)) {
      throw new InferenceException(
          ErrorCode.DEADLINE_EXCEEDED, "the deadline passed while the body was read");
    }
    if (coding != ContentCoding.IDENTITY && InflationPace.isExcessive(sent.bytes, count)) {
      pace.restFor(now - turnBegan);
      turnBegan = ticker.nanoTime();
    } else {
      Thread.yield();
      turnBegan = now;
    }
  }

  /**
   * Counts an answer against the same budget, until this is closed.
   *
   * @throws InferenceException with {@link ErrorCode#MEMORY_EXHAUSTED} if others have the rest
   */
  public void coverAnswer(long bytes) {
    share.cover(count + bytes);
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

  /**
   * Counts what came, compressed. The container ends the connection's stream; what is closed with
   * the body is the decompression.
   */
  private static final class Sent extends FilterInputStream {
    private long bytes;

    Sent(InputStream connection) {
      super(connection);
    }

    @Override
    public int read() throws IOException {
      int read = super.read();
      bytes += read < 0 ? 0 : 1;
      return read;
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
      int read = super.read(target, offset, length);
      bytes += Math.max(0, read);
      return read;
    }

    @Override
    public void close() {}
  }
}
