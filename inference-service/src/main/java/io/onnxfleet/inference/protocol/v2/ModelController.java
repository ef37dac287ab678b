package io.onnxfleet.inference.protocol.v2;

import io.onnxfleet.contract.api.ApiPaths;
import io.onnxfleet.engine.InferenceEngine;
import io.onnxfleet.inference.protocol.call.ModelVersions;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.tags.Tag;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;
import org.springframework.http.ResponseEntity;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.RestController;

/** Tells of models: what they take and give, how they are configured, what they did. */
@RestController
@Tag(
    name = "Models",
    description = "Open Inference Protocol v2: metadata, configuration, statistics")
class ModelController {
  private final InferenceEngine engine;

  ModelController(InferenceEngine engine) {
    this.engine = engine;
  }

  @Operation(summary = "A model's inputs and outputs; a variable dimension is -1")
  @GetMapping({ApiPaths.MODEL, ApiPaths.MODEL_VERSION})
  ResponseEntity<ModelBodies.Model> metadata(
      @PathVariable String model, @PathVariable(required = false) @Nullable String version) {
    Long number = ModelVersions.parse(model, version);
    return JsonAnswers.ok(ModelBodies.Model.of(engine.metadata(model, number)));
  }

  @Operation(summary = "200 if the model takes requests, 503 if not, 404 if there is none")
  @GetMapping({ApiPaths.MODEL_READY, ApiPaths.VERSION_READY})
  ResponseEntity<HealthBodies.ModelReady> ready(
      @PathVariable String model, @PathVariable(required = false) @Nullable String version) {
    boolean ready = engine.isReady(model, ModelVersions.parse(model, version));
    return JsonAnswers.readiness(ready, new HealthBodies.ModelReady(model, ready));
  }

  @Operation(summary = "A model's complete configuration in Triton's form")
  @GetMapping({ApiPaths.MODEL_CONFIG, ApiPaths.VERSION_CONFIG})
  ResponseEntity<byte[]> configuration(
      @PathVariable String model, @PathVariable(required = false) @Nullable String version) {
    String json = engine.configJson(model, ModelVersions.parse(model, version));
    return JsonAnswers.ok(json.getBytes(StandardCharsets.UTF_8));
  }

  @Operation(summary = "What a model did so far; durations in nanoseconds")
  @GetMapping({ApiPaths.MODEL_STATISTICS, ApiPaths.VERSION_STATISTICS})
  ResponseEntity<StatisticsBodies.Statistics> statistics(
      @PathVariable String model, @PathVariable(required = false) @Nullable String version) {
    Long number = ModelVersions.parse(model, version);
    return JsonAnswers.ok(StatisticsBodies.Statistics.of(engine.statistics(model, number)));
  }

  @Operation(summary = "What all models did so far")
  @GetMapping(ApiPaths.ALL_STATISTICS)
  ResponseEntity<StatisticsBodies.Statistics> statistics() {
    return JsonAnswers.ok(StatisticsBodies.Statistics.of(engine.statistics(null, null)));
  }
}
