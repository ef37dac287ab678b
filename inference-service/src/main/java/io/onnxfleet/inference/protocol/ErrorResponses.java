package io.onnxfleet.inference.protocol;

import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatusCode;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.stereotype.Component;

/** Makes the answer to a failed request, in the shape of the protocol that it spoke. */
@Component
final class ErrorResponses {
  private final List<ErrorShape> shapes;

  ErrorResponses(List<ErrorShape> shapes) {
    this.shapes = List.copyOf(shapes);
  }

  ResponseEntity<Object> of(String path, InferenceException failure) {
    ErrorCode code = failure.code();
    return respond(
        path,
        ErrorStatus.of(code.category()),
        ErrorStatus.headers(code),
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
