package io.onnxfleet.benchmarks.load;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.netty.buffer.ByteBuf;
import java.io.ByteArrayOutputStream;

/**
 * Reads HTTP/1.1 messages as their bytes come, whatever pieces they come in: finds where a message
 * ends and what its status is, and keeps nothing of a body but the beginning of an error's. Knows
 * the lengths that {@code Content-Length} and chunks give; a response that has neither ends with
 * its connection. Not thread-safe.
 */
final class HttpMessageParser {
  static final int LONGEST_LINE = 16 * 1024;
  private static final int LONGEST_ERROR = 512;
  private static final int MAX_STATUS = 599;

  private enum Part {
    FIRST_LINE,
    HEADERS,
    FIXED_BODY,
    CHUNK_SIZE,
    CHUNK,
    CHUNK_END,
    TRAILERS,
    BODY_UNTIL_CLOSE
  }

  private final boolean ofResponses;
  private final byte[] line = new byte[LONGEST_LINE];
  private final ByteArrayOutputStream error = new ByteArrayOutputStream();
  private int lineLength;
  private Part part = Part.FIRST_LINE;
  private int status;
  private boolean keepsAlive;
  private boolean isChunked;
  private long length;
  private long left;
  private long bodyBytes;

  private HttpMessageParser(boolean ofResponses) {
    this.ofResponses = ofResponses;
  }

  static HttpMessageParser ofResponses() {
    return new HttpMessageParser(true);
  }

  static HttpMessageParser ofRequests() {
    return new HttpMessageParser(false);
  }

  /**
   * Takes what there is of one message.
   *
   * @return true when the message is complete; bytes behind it are left in {@code in}
   * @throws IllegalArgumentException if this is not HTTP/1.1
   */
  boolean parse(ByteBuf in) {
    while (in.isReadable()) {
      boolean complete =
          switch (part) {
            case FIRST_LINE, HEADERS, CHUNK_SIZE, CHUNK_END, TRAILERS ->
                takeLine(in) && lineIsLast();
            case FIXED_BODY -> takeBody(in);
            case CHUNK -> {
              if (takeBody(in)) {
                part = Part.CHUNK_END;
              }
              yield false;
            }
            case BODY_UNTIL_CLOSE -> {
              left = Long.MAX_VALUE;
              yield takeBody(in);
            }
          };
      if (complete) {
        part = Part.FIRST_LINE;
        return true;
      }
    }
    return false;
  }

  /**
   * Tells that the connection is closed.
   *
   * @return true if that completes the message
   */
  boolean end() {
    boolean complete = part == Part.BODY_UNTIL_CLOSE;
    part = Part.FIRST_LINE;
    lineLength = 0;
    return complete;
  }

  /** Of the last response. */
  int status() {
    return status;
  }

  /** Whether the connection can bear another message behind the last one. */
  boolean keepsAlive() {
    return keepsAlive;
  }

  /** Length of the last message's body, without the framing of its chunks. */
  long bodyBytes() {
    return bodyBytes;
  }

  /** The beginning of the last response's body if its status was not 2xx, else empty. */
  String error() {
    return error.toString(UTF_8);
  }

  private boolean takeLine(ByteBuf in) {
    int ahead = in.bytesBefore((byte) '\n');
    int taken = ahead < 0 ? in.readableBytes() : ahead;
    if (lineLength + taken > LONGEST_LINE) {
      throw new IllegalArgumentException(
          "a line of more than " + LONGEST_LINE + " bytes in the head of a message");
    }
    in.readBytes(line, lineLength, taken);
    lineLength += taken;
    if (ahead < 0) {
      return false;
    }
    in.skipBytes(1);
    if (lineLength > 0 && line[lineLength - 1] == '\r') {
      lineLength--;
    }
    return true;
  }

  private boolean lineIsLast() {
    int lineEnd = lineLength;
    lineLength = 0;
    return switch (part) {
      case FIRST_LINE -> {
        if (lineEnd > 0) { // empty lines between messages are allowed
          begin(lineEnd);
        }
        yield false;
      }
      case HEADERS -> {
        if (lineEnd == 0) {
          yield beginBody();
        }
        takeHeader(lineEnd);
        yield false;
      }
      case CHUNK_SIZE -> {
        left = chunkSize(lineEnd);
        part = left == 0 ? Part.TRAILERS : Part.CHUNK;
        yield false;
      }
      case CHUNK_END -> {
        part = Part.CHUNK_SIZE;
        yield false;
      }
      case TRAILERS -> lineEnd == 0;
      case FIXED_BODY, CHUNK, BODY_UNTIL_CLOSE -> throw new AssertionError(part);
    };
  }

  private void begin(int lineEnd) {
    status = 0;
    if (ofResponses) {
      if (lineEnd < 12 || !startsWith("http/1.1 ", lineEnd)) {
        throw new IllegalArgumentException(
            "'" + text(lineEnd) + "' (expected: the status line of an HTTP/1.1 response)");
      }
      for (int i = 9; i < 12; i++) {
        status = 10 * status + digit(line[i], 10, lineEnd);
      }
      if (status < 100 || status > MAX_STATUS) {
        throw new IllegalArgumentException("status " + status + " (expected: 100 to 599)");
      }
    }
    keepsAlive = true;
    isChunked = false;
    length = -1;
    bodyBytes = 0;
    error.reset();
    part = Part.HEADERS;
  }

  private void takeHeader(int lineEnd) {
    if (startsWith("content-length:", lineEnd)) {
      length = 0;
      for (int i = "content-length:".length(); i < lineEnd; i++) {
        if (line[i] != ' ') {
          length = Math.addExact(Math.multiplyExact(length, 10L), digit(line[i], 10, lineEnd));
        }
      }
    } else if (startsWith("transfer-encoding: chunked", lineEnd)) {
      isChunked = true;
    } else if (startsWith("connection: close", lineEnd)) {
      keepsAlive = false;
    }
  }

  private boolean beginBody() {
    if (ofResponses && status < 200) { // an interim response: the real one follows
      part = Part.FIRST_LINE;
      return false;
    }
    if (status == 204 || status == 304) {
      return true;
    }
    if (isChunked) {
      part = Part.CHUNK_SIZE;
      return false;
    }
    if (length < 0 && ofResponses) {
      keepsAlive = false;
      part = Part.BODY_UNTIL_CLOSE;
      return false;
    }
    left = Math.max(0, length);
    part = Part.FIXED_BODY;
    return left == 0;
  }

  private boolean takeBody(ByteBuf in) {
    int taken = (int) Math.min(left, in.readableBytes());
    if (ofResponses && (status < 200 || status > 299)) {
      int kept = Math.min(taken, LONGEST_ERROR - error.size());
      for (int i = 0; i < kept; i++) {
        error.write(in.getByte(in.readerIndex() + i));
      }
    }
    in.skipBytes(taken);
    left -= taken;
    bodyBytes += taken;
    return left == 0;
  }

  private long chunkSize(int lineEnd) {
    long size = 0;
    int digits = 0;
    while (digits < lineEnd && line[digits] != ';' && line[digits] != ' ') {
      size = 16 * size + digit(line[digits], 16, lineEnd);
      digits++;
    }
    if (digits == 0 || digits > 15) {
      throw new IllegalArgumentException("'" + text(lineEnd) + "' (expected: a chunk's size)");
    }
    return size;
  }

  private int digit(byte character, int radix, int lineEnd) {
    int value = Character.digit(character, radix);
    if (value < 0) {
      throw new IllegalArgumentException("'" + text(lineEnd) + "' (expected: a number in it)");
    }
    return value;
  }

  /** Without regard to case; {@code prefix} is in lower case. */
  private boolean startsWith(String prefix, int lineEnd) {
    if (lineEnd < prefix.length()) {
      return false;
    }
    for (int i = 0; i < prefix.length(); i++) {
      int character = line[i];
      if (character >= 'A' && character <= 'Z') {
        character += 'a' - 'A';
      }
      if (character != prefix.charAt(i)) {
        return false;
      }
    }
    return true;
  }

  private String text(int lineEnd) {
    return new String(line, 0, Math.min(lineEnd, 100), ISO_8859_1);
  }
}
