package io.onnxfleet.inference.protocol.openai;

import io.onnxfleet.contract.api.ApiPaths;
import io.onnxfleet.contract.api.HeaderNames;
import io.onnxfleet.engine.InferenceEngine;
import io.onnxfleet.engine.ModelMetadata;
import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.request.Deadline;
import io.onnxfleet.engine.text.EmbeddingOptions;
import io.onnxfleet.engine.text.Embeddings;
import io.onnxfleet.engine.text.TextModels;
import io.onnxfleet.inference.configuration.FleetProperties;
import io.onnxfleet.inference.configuration.InferenceProperties;
import io.onnxfleet.inference.lifecycle.Admission;
import io.onnxfleet.inference.load.ReplicaLoad;
import io.onnxfleet.inference.protocol.AnsweredUnits;
import io.onnxfleet.inference.protocol.AnsweringContent;
import io.onnxfleet.inference.protocol.Callers;
import io.onnxfleet.inference.protocol.ClientConnection;
import io.onnxfleet.inference.protocol.Deadlines;
import io.onnxfleet.inference.protocol.ModelVersions;
import io.onnxfleet.inference.protocol.ProtocolExecutor;
import io.onnxfleet.inference.protocol.http.ContentCoding;
import io.onnxfleet.inference.protocol.http.RequestBodies;
import io.onnxfleet.inference.protocol.http.RequestBody;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.media.Content;
import io.swagger.v3.oas.annotations.media.ExampleObject;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.annotations.responses.ApiResponse;
import io.swagger.v3.oas.annotations.tags.Tag;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import org.springframework.http.MediaType;
import org.springframework.scheduling.annotation.Async;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RestController;

/** OpenAI's endpoints. Thread-safe. */
@Tag(name = "OpenAI", description = "Embeddings as OpenAI's clients ask for them")
@RestController
class OpenAiController {
  private final InferenceEngine engine;
  private final TextModels models;
  private final Admission admission;
  private final InferenceProperties properties;
  private final FleetProperties fleet;
  private final ReplicaLoad load;
  private final RequestBodies bodies;

  OpenAiController(
      InferenceEngine engine,
      TextModels models,
      Admission admission,
      InferenceProperties properties,
      FleetProperties fleet,
      ReplicaLoad load,
      RequestBodies bodies) {
    this.bodies = bodies;
    this.load = load;
    this.engine = engine;
    this.models = models;
    this.admission = admission;
    this.properties = properties;
    this.fleet = fleet;
  }

  @Operation(
      summary = "Makes vectors of texts",
      description =
          "input: a string, an array of strings, an array of token ids, or an array of those."
              + " encoding_format: float or base64. dimensions: cuts the vectors. prompt_name and"
              + " input_type choose one of the model's prompts. priority: a level of the model's,"
              + " below the one that the caller has. What is ignored is named in the header "
              + HeaderNames.IGNORED
              + ".",
      requestBody =
          @io.swagger.v3.oas.annotations.parameters.RequestBody(
              required = true,
              content =
                  @Content(
                      mediaType = MediaType.APPLICATION_JSON_VALUE,
                      schema = @Schema(implementation = DescribedBodies.Request.class),
                      examples = @ExampleObject(DescribedBodies.EXAMPLE))))
  @ApiResponse(
      responseCode = "200",
      description = "A vector for each text",
      content =
          @Content(
              mediaType = MediaType.APPLICATION_JSON_VALUE,
              schema = @Schema(implementation = DescribedBodies.Response.class)))
  @Async(ProtocolExecutor.NAME)
  @PostMapping(ApiPaths.EMBEDDINGS)
  CompletableFuture<@Nullable Void> embeddings(
      HttpServletRequest http, HttpServletResponse response) throws IOException {
    long accepted = engine.ticker().nanoTime();
    Deadline deadline = Deadlines.of(http, properties.defaultDeadline(), () -> accepted);
    // What is read of the body stays counted as long as its texts are held.
    try (Admission.Pass _ = admission.enter();
        RequestBody body = bodies.open(http, deadline)) {
      EmbeddingsRequest request = EmbeddingsRequestReader.read(body);
      Asked asked = asked(http, request);
      String model = asked.model();
      try (ReplicaLoad.Visit visit = load.enter(model, http, response)) {
        await(engine.prepare(model, deadline), deadline, http);
        AnsweringContent content = new AnsweringContent(engine, model, asked.version());
        AtomicReference<PromptChoice> choice = new AtomicReference<>();
        int level =
            Callers.level(request.priority(), http, () -> engine.priorityLevels(model, null));
        Function<TextModels.Description, EmbeddingOptions> options =
            described -> {
              if (request.dimensions() > 0 && described.dimensions() > 0) {
                EmbeddingsResponse.requireDimensions(request.dimensions(), described.dimensions());
              }
              PromptChoice chosen =
                  PromptChoice.of(request, model, described.model().settings().prompts());
              choice.set(chosen);
              return new EmbeddingOptions(
                  chosen.prompt(), request.normalize(), request.wholeOnly(), level);
            };
        Embeddings embeddings =
            await(
                models.embed(
                    model, asked.version(), request.input(), options, deadline, Callers.of(http)),
                deadline,
                http);
        visit.leave();
        content.tell(response);
        AnsweredUnits.tell(response, embeddings);
        tell(request, Objects.requireNonNull(choice.get()), embeddings, response);
        write(EmbeddingsResponse.of(model, request, embeddings), http, response);
      }
    }
    return CompletableFuture.completedFuture(null);
  }

  private <T> T await(CompletableFuture<T> answer, Deadline deadline, HttpServletRequest http) {
    return ClientConnection.of(http)
        .await(answer, deadline.remainingNanos(engine.ticker().nanoTime()), _ -> {});
  }

  @Operation(summary = "Lists the models that are READY")
  @ApiResponse(
      responseCode = "200",
      description = "The models",
      content = @Content(schema = @Schema(implementation = DescribedBodies.Models.class)))
  @GetMapping(path = ApiPaths.OPENAI_MODELS, produces = MediaType.APPLICATION_JSON_VALUE)
  OpenAiBody models() {
    return new ModelList(
        ReadyModels.names(engine).stream().flatMap(name -> describe(name).stream()).toList());
  }

  @Operation(summary = "Describes a model that is READY")
  @ApiResponse(
      responseCode = "200",
      description = "The model",
      content = @Content(schema = @Schema(implementation = DescribedBodies.Model.class)))
  @GetMapping(path = ApiPaths.OPENAI_MODEL, produces = MediaType.APPLICATION_JSON_VALUE)
  OpenAiBody model(HttpServletRequest http, @PathVariable String model) {
    ModelMetadata metadata = engine.metadata(model, chosenVersion(http, model));
    return describe(model)
        .map(known -> known.with(TextDescription.of(models, metadata)))
        .orElseThrow(
            () ->
                new InferenceException(
                    ErrorCode.MODEL_NOT_READY, "model '%s' is not READY".formatted(model)));
  }

  /**
   * What makes the vectors.
   *
   * @param version null for the highest READY one
   */
  private record Asked(String model, @Nullable Long version) {}

  private Asked asked(HttpServletRequest http, EmbeddingsRequest request) {
    String chosen = http.getHeader(HeaderNames.VARIANT);
    if (chosen == null) {
      return new Asked(Objects.requireNonNullElse(request.model(), fleet.defaultModel()), null);
    }
    String version = http.getHeader(HeaderNames.VARIANT_VERSION);
    String model =
        version != null && chosen.endsWith(":" + version)
            ? chosen.substring(0, chosen.length() - version.length() - 1)
            : chosen;
    return new Asked(model, chosenVersion(http, model));
  }

  private static @Nullable Long chosenVersion(HttpServletRequest http, String model) {
    return ModelVersions.parse(model, http.getHeader(HeaderNames.VARIANT_VERSION));
  }

  /** What a client should know of its answer, and a body in OpenAI's form has no place for. */
  private static void tell(
      EmbeddingsRequest request,
      PromptChoice choice,
      Embeddings embeddings,
      HttpServletResponse response) {
    List<String> ignored = new ArrayList<>(request.ignored());
    if (choice.ignored() != null) {
      ignored.add(choice.ignored());
    }
    if (!ignored.isEmpty()) {
      response.setHeader(HeaderNames.IGNORED, EmbeddingsHeaders.ignored(ignored));
    }
    response.setHeader(HeaderNames.WINDOWS, EmbeddingsHeaders.windows(embeddings.windows()));
  }

  private static void write(
      EmbeddingsResponse answer, HttpServletRequest http, HttpServletResponse response)
      throws IOException {
    ContentCoding coding = ContentCoding.ofResponse(http.getHeader(HttpHeaders.ACCEPT_ENCODING));
    response.setContentType(MediaType.APPLICATION_JSON_VALUE);
    if (coding != ContentCoding.IDENTITY) {
      response.setHeader(HttpHeaders.CONTENT_ENCODING, coding.label());
      response.setHeader(HttpHeaders.VARY, HttpHeaders.ACCEPT_ENCODING);
    }
    try (OutputStream target = coding.compress(response.getOutputStream())) {
      answer.writeTo(target);
    }
  }

  /** A model that is READY, or was when the index was read. */
  private Optional<ModelList.Model> describe(String model) {
    try {
      Path folder = engine.metadata(model, null).folder();
      long created = Files.getLastModifiedTime(folder).toMillis() / 1000;
      return Optional.of(new ModelList.Model(model, created, null));
    } catch (InferenceException | IOException gone) {
      return Optional.empty();
    }
  }
}
