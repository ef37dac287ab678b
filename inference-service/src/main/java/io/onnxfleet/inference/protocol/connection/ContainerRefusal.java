package io.onnxfleet.inference.protocol.connection;

import io.onnxfleet.inference.protocol.http.Json;
import jakarta.servlet.RequestDispatcher;
import java.io.IOException;
import java.util.Collections;
import java.util.List;
import org.apache.catalina.connector.Request;
import org.apache.coyote.http11.AbstractHttp11Protocol;
import org.apache.tomcat.util.http.MimeHeaders;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatus;

/** Why Tomcat refused a request: it tells its own log, and the client only a number. Stateless. */
final class ContainerRefusal {
  /** An attribute of the connector's request: what it was refused for, as a text. */
  static final String REASON = ContainerRefusal.class.getName();

  private ContainerRefusal() {}

  /** The reason as far as it can be seen, or what the status says. */
  static String of(Request request, int status) {
    if (request.getCoyoteRequest().getAttribute(REASON) instanceof String reason) {
      return reason.equals(WatchedHttp11Protocol.TOO_LARGE) ? tooLarge(request) : reason;
    }
    if (status == HttpStatus.BAD_REQUEST.value()) {
      if (request.getAttribute(RequestDispatcher.ERROR_EXCEPTION) instanceof IOException broken) {
        return "the body: %s".formatted(broken.getMessage());
      }
      String headers = ofHeaders(request.getCoyoteRequest().getMimeHeaders(), request);
      if (headers != null) {
        return headers;
      }
    }
    HttpStatus known = HttpStatus.resolve(status);
    return known == null ? "error " + status : known.getReasonPhrase();
  }

  private static String tooLarge(Request request) {
    int limit =
        request.getConnector().getProtocolHandler() instanceof AbstractHttp11Protocol<?> http
            ? http.getMaxHttpRequestHeaderSize()
            : 0;
    return "the request's headers are larger than %d bytes (expected: <= %d)"
        .formatted(limit, limit);
  }

  private static @Nullable String ofHeaders(MimeHeaders headers, Request request) {
    List<String> hosts = Collections.list(headers.values(HttpHeaders.HOST));
    if (hosts.size() != 1 && "HTTP/1.1".equals(request.getProtocol())) {
      return "Host: %d of them (expected one)".formatted(hosts.size());
    }
    List<String> lengths = Collections.list(headers.values(HttpHeaders.CONTENT_LENGTH));
    if (lengths.size() > 1) {
      return "Content-Length: %d of them (expected one)".formatted(lengths.size());
    }
    if (lengths.size() == 1 && !isLength(lengths.getFirst())) {
      return "Content-Length: %s (expected a number of bytes)"
          .formatted(Json.shortened(lengths.getFirst()));
    }
    return null;
  }

  private static boolean isLength(String header) {
    try {
      return Long.parseLong(header.strip()) >= 0;
    } catch (NumberFormatException notANumber) {
      return false;
    }
  }
}
