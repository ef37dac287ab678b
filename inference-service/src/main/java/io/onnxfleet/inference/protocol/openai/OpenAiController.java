package io.onnxfleet.inference.protocol.openai;

import io.onnxfleet.contract.api.ApiPaths;
import io.onnxfleet.contract.api.HeaderNames;
import io.onnxfleet.engine.InferenceEngine;
import io.onnxfleet.engine.ModelMetadata;
import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.text.TextModels;
import io.onnxfleet.inference.protocol.openai.embeddings.EmbeddingsEndpoint;
import io.swagger.v3.oas.annotations.Operation;
import io.swagger.v3.oas.annotations.media.Content;
import io.swagger.v3.oas.annotations.media.ExampleObject;
import io.swagger.v3.oas.annotations.media.Schema;
import io.swagger.v3.oas.annotations.responses.ApiResponse;
import io.swagger.v3.oas.annotations.tags.Tag;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.Optional;
import org.springframework.http.MediaType;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RestController;

/**
 * OpenAI's calls as the OpenAPI document describes them. {@link EmbeddingsEndpoint} serves
 * embeddings before they come here, unless a team has added something to Spring MVC. Thread-safe.
 */
@Tag(name = "OpenAI", description = "Embeddings as OpenAI's clients ask for them")
@RestController
class OpenAiController {
  private final InferenceEngine engine;
  private final TextModels models;
  private final EmbeddingsEndpoint endpoint;
  private final CreationTimes created = new CreationTimes();

  OpenAiController(InferenceEngine engine, TextModels models, EmbeddingsEndpoint endpoint) {
    this.engine = engine;
    this.models = models;
    this.endpoint = endpoint;
  }

  @Operation(
      summary = "Makes vectors of texts",
      description =
          "input: a string, an array of strings, an array of token ids, or an array of those."
              + " encoding_format: float, base64, sparse or tokens (a vector for each). dimensions:"
              + " cuts the vectors. prompt_name and"
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
  @PostMapping(ApiPaths.EMBEDDINGS)
  void embeddings(HttpServletRequest http, HttpServletResponse response) throws IOException {
    endpoint.serve(http, response);
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
    ModelMetadata metadata = engine.metadata(model, ChosenVersion.of(http, model));
    return describe(model)
        .map(known -> known.with(TextDescription.of(models, metadata)))
        .orElseThrow(
            () ->
                new InferenceException(
                    ErrorCode.MODEL_NOT_READY, "model '%s' is not READY".formatted(model)));
  }

  /** A model that is READY, or was when the index was read. */
  private Optional<ModelList.Model> describe(String model) {
    try {
      ModelMetadata metadata = engine.metadata(model, null);
      long seconds = created.of(model, metadata.load(), metadata.folder());
      return Optional.of(
          new ModelList.Model(model, seconds, TextDescription.task(metadata.parameters()), null));
    } catch (InferenceException gone) {
      return Optional.empty();
    }
  }
}
