package io.onnxfleet.inference.protocol.v2;

import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;

/** Answers in JSON, whatever a client says that it accepts: the protocol knows nothing else. */
final class JsonAnswers {
  private JsonAnswers() {}

  static <T> ResponseEntity<T> ok(T body) {
    return ResponseEntity.ok().contentType(MediaType.APPLICATION_JSON).body(body);
  }

  /** 200 or 503. */
  static <T> ResponseEntity<T> readiness(boolean ready, T body) {
    return ResponseEntity.status(ready ? 200 : 503)
        .contentType(MediaType.APPLICATION_JSON)
        .body(body);
  }

  /** 200 with nothing in it, not even a content type. */
  static ResponseEntity<Void> empty() {
    return ResponseEntity.ok().build();
  }
}
