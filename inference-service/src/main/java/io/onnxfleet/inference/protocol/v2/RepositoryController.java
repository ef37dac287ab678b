package io.onnxfleet.inference.protocol.v2;

import io.onnxfleet.contract.api.ApiPaths;
import io.onnxfleet.engine.InferenceEngine;
import io.onnxfleet.engine.catalog.ModelState;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.inference.protocol.call.ProtocolExecutor;
import io.onnxfleet.inference.protocol.connection.ClientConnection;
import io.onnxfleet.inference.protocol.http.Json;
import io.onnxfleet.inference.protocol.http.RequestBodies;
import io.onnxfleet.inference.protocol.http.RequestBody;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.media.Content;
import io.swagger.v3.oas.annotations.media.ExampleObject;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.annotations.tags.Tag;
import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.scheduling.annotation.Async;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RestController;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Lists, loads and unloads models. Bodies may be empty. */
@RestController
@Tag(name = "Repository", description = "Triton's repository extension")
class RepositoryController {
  private static final long MAX_BODY = 1 << 20;
  private static final String UNLOAD_DEPENDENTS = "unload_dependents";

  private final InferenceEngine engine;
  private final JsonMapper mapper;
  private final RequestBodies bodies;

  RepositoryController(InferenceEngine engine, JsonMapper mapper, RequestBodies bodies) {
    this.bodies = bodies;
    this.engine = engine;
    this.mapper = mapper;
  }

  @Operation(
      summary = "Every model and version, or with {\"ready\": true} those that serve",
      requestBody =
          @io.swagger.v3.oas.annotations.parameters.RequestBody(
              content =
                  @Content(
                      mediaType = MediaType.APPLICATION_JSON_VALUE,
                      schema = @Schema(implementation = ModelBodies.IndexRequest.class),
                      examples = @ExampleObject("{\"ready\": true}"))))
  @Async(ProtocolExecutor.NAME)
  @PostMapping(ApiPaths.REPOSITORY_INDEX)
  public CompletableFuture<ResponseEntity<List<ModelBodies.IndexEntry>>> index(
      HttpServletRequest request) throws IOException {
    boolean readyOnly = readyOnly(readBody(request).path("ready"));
    List<ModelBodies.IndexEntry> entries =
        engine.index().stream()
            .filter(entry -> !readyOnly || entry.state() == ModelState.READY)
            .map(ModelBodies.IndexEntry::of)
            .toList();
    return CompletableFuture.completedFuture(JsonAnswers.ok(entries));
  }

  private static boolean readyOnly(JsonNode ready) {
    if (ready.isMissingNode() || ready.isNull()) {
      return false;
    }
    if (!ready.isBoolean()) {
      throw InferenceException.invalidInput(
          "ready: %s (expected true or false)",
          ready.getNodeType().name().toLowerCase(Locale.ROOT));
    }
    return ready.booleanValue();
  }

  @Operation(summary = "Load a model, or load it anew; answers once it is READY")
  @Async(ProtocolExecutor.NAME)
  @PostMapping(ApiPaths.LOAD)
  public CompletableFuture<ResponseEntity<Void>> load(
      @PathVariable String model, HttpServletRequest request) throws IOException {
    requireParameters(readBody(request), Set.of());
    return answerAfter(engine.load(model), request);
  }

  @Operation(summary = "Unload a model; answers once what it had accepted is done")
  @Async(ProtocolExecutor.NAME)
  @PostMapping(ApiPaths.UNLOAD)
  public CompletableFuture<ResponseEntity<Void>> unload(
      @PathVariable String model, HttpServletRequest request) throws IOException {
    // There are no dependents: ensembles are not served.
    requireParameters(readBody(request), Set.of(UNLOAD_DEPENDENTS));
    return answerAfter(engine.unload(model), request);
  }

  /** A parameter that would change what is loaded must not be passed over in silence. */
  private static void requireParameters(JsonNode body, Set<String> known) {
    for (String name : body.path("parameters").propertyNames()) {
      if (!known.contains(name)) {
        throw InferenceException.invalidInput(
            "parameter '%s' is not served (expected one of %s)", Json.shortened(name), known);
      }
    }
  }

  private static CompletableFuture<ResponseEntity<Void>> answerAfter(
      CompletableFuture<Void> done, HttpServletRequest request) {
    // A change of the repository goes on although nobody waits for it any more.
    ClientConnection.of(request).await(done.copy(), ignored -> {});
    return CompletableFuture.completedFuture(JsonAnswers.empty());
  }

  private JsonNode readBody(HttpServletRequest request) throws IOException {
    byte[] body;
    try (RequestBody source = bodies.open(request, MAX_BODY)) {
      body = source.readAllBytes();
    }
    if (body.length == 0) {
      return mapper.createObjectNode();
    }
    try {
      JsonNode json = mapper.readTree(body);
      if (json.isObject()) {
        return json;
      }
    } catch (JacksonException malformed) {
      throw InferenceException.invalidInput("JSON: %s", malformed.getOriginalMessage());
    }
    throw InferenceException.invalidInput("the body is no JSON object (expected one, or none)");
  }
}
