package io.onnxfleet.inference.load;

import io.onnxfleet.contract.api.ApiPaths;
import io.onnxfleet.contract.api.HeaderNames;
import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.inference.lifecycle.Admission;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.tags.Tag;
import jakarta.servlet.http.HttpServletRequest;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RestController;

/** Answers balancers that ask for the load alone. */
@RestController
@Tag(name = "Load", description = "What balancers choose by")
class LoadController {
  private final ReplicaLoad load;
  private final Admission admission;

  LoadController(ReplicaLoad load, Admission admission) {
    this.load = load;
    this.admission = admission;
  }

  @Operation(summary = "The load by a model, in the header endpoint-load-metrics; no body")
  @GetMapping(ApiPaths.MODEL_LOAD)
  ResponseEntity<Void> load(@PathVariable String model, HttpServletRequest request) {
    if (admission.isShut()) {
      throw new InferenceException(ErrorCode.SHUTTING_DOWN, "this replica is going away");
    }
    String header = load.header(model, request);
    if (header == null) {
      throw new InferenceException(
          ErrorCode.MODEL_NOT_READY, "model '%s' is not READY".formatted(model));
    }
    return ResponseEntity.ok().header(HeaderNames.LOAD_METRICS, header).build();
  }
}
