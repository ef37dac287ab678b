package io.onnxfleet.inference.protocol.v2;

import io.onnxfleet.contract.api.HeaderNames;
import io.onnxfleet.inference.protocol.http.ContentCoding;
import io.onnxfleet.inference.protocol.v2.codec.ResponseTarget;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.OutputStream;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import org.springframework.http.MediaType;

/** Writes an answer to its HTTP response, compressed where the client asks for it and it pays. */
final class HttpResponseTarget implements ResponseTarget, AutoCloseable {
  /** What is shorter travels in one packet anyway. */
  private static final long SHORTEST_COMPRESSED = 1024;

  private final HttpServletResponse response;
  private final ContentCoding wanted;
  private final Runnable beforeBegin;
  private @Nullable OutputStream compressed;

  /**
   * An answer that has not begun.
   *
   * @param beforeBegin sets what only an answer has, no refusal
   */
  HttpResponseTarget(
      HttpServletRequest request, HttpServletResponse response, Runnable beforeBegin) {
    this.response = response;
    this.beforeBegin = beforeBegin;
    wanted = ContentCoding.ofResponse(request.getHeader(HttpHeaders.ACCEPT_ENCODING));
  }

  @Override
  public OutputStream beginJson(long estimatedLength) throws IOException {
    response.setContentType(MediaType.APPLICATION_JSON_VALUE);
    return begin(estimatedLength, false);
  }

  @Override
  public OutputStream beginBinary(long headerLength, long length) throws IOException {
    response.setContentType(MediaType.APPLICATION_OCTET_STREAM_VALUE);
    response.setHeader(HeaderNames.HEADER_LENGTH, Long.toString(headerLength));
    return begin(length, true);
  }

  private OutputStream begin(long length, boolean exact) throws IOException {
    beforeBegin.run();
    OutputStream connection = response.getOutputStream();
    if (wanted == ContentCoding.IDENTITY || length < SHORTEST_COMPRESSED) {
      if (exact) {
        response.setContentLengthLong(length);
      }
      return connection;
    }
    response.setHeader(HttpHeaders.CONTENT_ENCODING, wanted.label());
    response.addHeader(HttpHeaders.VARY, HttpHeaders.ACCEPT_ENCODING);
    OutputStream target = wanted.compress(connection);
    compressed = target;
    return target;
  }

  /** Ends the compression, if there is one; the container ends the response. */
  @Override
  public void close() throws IOException {
    if (compressed != null) {
      compressed.close();
    }
  }
}
