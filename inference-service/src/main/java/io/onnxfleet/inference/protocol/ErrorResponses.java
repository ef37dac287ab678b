package io.onnxfleet.inference.protocol;

import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatusCode;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.stereotype.Component;
import tools.jackson.databind.json.JsonMapper;

/** Makes the answer to a failed request, in the shape of the protocol that it spoke. */
@Component
final class ErrorResponses {
  private static final Logger log = LoggerFactory.getLogger(ErrorResponses.class);

  private final List<ErrorShape> shapes;
  private final JsonMapper mapper;

  ErrorResponses(List<ErrorShape> shapes, JsonMapper mapper) {
    this.shapes = List.copyOf(shapes);
    this.mapper = mapper;
  }

  /**
   * The answer to a request that was refused, which is logged where it is not the caller's doing.
   */
  ResponseEntity<Object> refused(InferenceException failure, HttpServletRequest request) {
    if (ErrorStatus.of(failure.code().category()).is5xxServerError()) {
      log.warn("{} {}: {}", request.getMethod(), request.getRequestURI(), failure.getMessage());
      log.debug("{} {}", request.getMethod(), request.getRequestURI(), failure);
    }
    return of(request.getRequestURI(), failure);
  }

  /** Writes that answer, into which nothing was written. */
  void write(InferenceException failure, HttpServletRequest request, HttpServletResponse response)
      throws IOException {
    RequestIdentity.enterLog(response);
    ResponseEntity<Object> answer;
    try {
      answer = refused(failure, request);
    } finally {
      RequestIdentity.leaveLog();
    }
    write(answer, response);
  }

  /** Writes an answer, into which nothing was written. */
  void write(ResponseEntity<Object> answer, HttpServletResponse response) throws IOException {
    byte[] body = mapper.writeValueAsBytes(answer.getBody());
    response.setStatus(answer.getStatusCode().value());
    answer
        .getHeaders()
        .forEach((name, values) -> values.forEach(value -> response.addHeader(name, value)));
    response.setContentLength(body.length);
    response.getOutputStream().write(body);
  }

  ResponseEntity<Object> of(String path, InferenceException failure) {
    ErrorCode code = failure.code();
    return respond(
        path,
        ErrorStatus.of(code.category()),
        ErrorStatus.headers(failure),
        code,
        String.valueOf(failure.getMessage()));
  }

  ResponseEntity<Object> of(
      String path, HttpStatusCode status, HttpHeaders headers, String message) {
    return respond(path, status, headers, null, message);
  }

  private ResponseEntity<Object> respond(
      String path,
      HttpStatusCode status,
      HttpHeaders headers,
      @Nullable ErrorCode code,
      String message) {
    Object body = shapeOf(path).body(status.value(), code, message);
    return ResponseEntity.status(status)
        .headers(headers)
        .contentType(MediaType.APPLICATION_JSON)
        .body(body);
  }

  private ErrorShape shapeOf(String path) {
    for (ErrorShape shape : shapes) {
      if (shape.covers(path)) {
        return shape;
      }
    }
    throw new IllegalStateException("no error shape for " + path);
  }
}
