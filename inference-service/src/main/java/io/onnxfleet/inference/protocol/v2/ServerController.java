package io.onnxfleet.inference.protocol.v2;

import io.onnxfleet.contract.api.ApiPaths;
import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.inference.lifecycle.Admission;
import io.onnxfleet.inference.lifecycle.Announcer;
import io.onnxfleet.inference.lifecycle.Readiness;
import io.onnxfleet.inference.lifecycle.ReplicaId;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.tags.Tag;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

/** Tells of this replica as a server. */
@RestController
@Tag(name = "Server", description = "Open Inference Protocol v2: the server and its health")
class ServerController {
  private static final String NAME = "onnx-fleet";
  private static final List<String> EXTENSIONS =
      List.of(
          "binary_tensor_data",
          "classification",
          "model_configuration",
          "model_repository",
          "statistics");

  private final Readiness readiness;
  private final Admission admission;
  private final ReplicaId id;
  private final Announcer announcer;

  ServerController(Readiness readiness, Admission admission, ReplicaId id, Announcer announcer) {
    this.readiness = readiness;
    this.admission = admission;
    this.id = id;
    this.announcer = announcer;
  }

  @Operation(summary = "The server's name, version and extensions")
  @GetMapping(ApiPaths.SERVER)
  ResponseEntity<ModelBodies.Server> server() {
    @Nullable String version = ServerController.class.getPackage().getImplementationVersion();
    return JsonAnswers.ok(
        new ModelBodies.Server(NAME, version == null ? "development" : version, EXTENSIONS));
  }

  @Operation(summary = "200 while the process answers")
  @GetMapping(ApiPaths.LIVE)
  ResponseEntity<HealthBodies.Live> live() {
    return JsonAnswers.ok(new HealthBodies.Live(true));
  }

  @Operation(
      summary =
          "200 while models serve; 503 while they load, before the registry knows the replica, or"
              + " when it goes away")
  @GetMapping(ApiPaths.READY)
  ResponseEntity<HealthBodies.Ready> ready() {
    boolean ready = readiness.isReady();
    return JsonAnswers.readiness(ready, new HealthBodies.Ready(ready));
  }

  @Operation(summary = "What this replica tells the registry, as it is now; 503 while it goes away")
  @GetMapping(ApiPaths.REPLICA_SELF)
  ResponseEntity<ModelBodies.Self> self() {
    if (admission.isShut()) {
      throw new InferenceException(ErrorCode.SHUTTING_DOWN, "this replica is going away");
    }
    return JsonAnswers.ok(new ModelBodies.Self(id.value(), announcer.look()));
  }
}
