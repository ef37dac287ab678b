package io.onnxfleet.inference.protocol.openai.entities;

import io.onnxfleet.contract.api.ApiCall;
import io.onnxfleet.contract.api.ApiPaths;
import io.onnxfleet.inference.protocol.openai.task.DescribedUsage;
import io.onnxfleet.inference.protocol.openai.task.DirectTasks;
import io.onnxfleet.inference.protocol.openai.task.TextOperation;
import io.swagger.v3.oas.annotations.media.Schema;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.web.bind.annotation.RestController;

/**
 * {@code POST /v1/token-classify} as the OpenAPI document describes it; {@link EntitiesService}
 * reads and writes what is described here. Thread-safe.
 */
@RestController
final class EntitiesController {
  private static final String EXAMPLE =
      """
      {"model": "entities", "input": "Ada Lovelace lived in London", "aggregation": "simple"}\
      """;

  private final DirectTasks tasks;

  EntitiesController(DirectTasks tasks) {
    this.tasks = tasks;
  }

  @TextOperation(
      path = ApiPaths.TOKEN_CLASSIFY,
      summary = "Says which entities texts name",
      request = Request.class,
      example = EXAMPLE,
      answer = "The entities of each text",
      response = Response.class)
  void tokenClassify(HttpServletRequest http, HttpServletResponse response) throws IOException {
    tasks.serve(ApiCall.TOKEN_CLASSIFY, http, response);
  }

  @Schema(name = "EntitiesRequest")
  record Request(
      @Nullable String model,
      @Schema(description = "A string, or an array of strings") List<String> input,
      @Schema(allowableValues = {"none", "simple", "first", "average", "max"})
          @Nullable String aggregation,
      @Schema(
              name = "offset_encoding",
              allowableValues = {"code-points", "utf-16"})
          @Nullable String offsetEncoding,
      @Nullable Integer priority) {}

  @Schema(name = "EntitiesResponse")
  record Response(String object, String model, List<Found> data, DescribedUsage usage) {}

  @Schema(name = "Entities")
  record Found(int index, List<Entity> entities) {}

  @Schema(name = "Entity")
  record Entity(String label, double score, int start, int end, String text) {}
}
