package io.onnxfleet.jobs.api;

import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;

/**
 * JSON, whatever a caller accepts. That is looked at when what was asked for is done: who was told
 * of an error then would not know of a file, or a batch, that is there. Stateless.
 */
final class JsonAnswer {
  private JsonAnswer() {}

  static ResponseEntity.BodyBuilder ok() {
    return ResponseEntity.ok().contentType(MediaType.APPLICATION_JSON);
  }
}
