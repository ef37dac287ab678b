package io.onnxfleet.inference.protocol.openai.similarity;

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
 * {@code POST /v1/similarity} as the OpenAPI document describes it; {@link SimilarityService} reads
 * and writes what is described here. Thread-safe.
 */
@RestController
final class SimilarityController {
  private static final String EXAMPLE =
      """
      {"model": "all-minilm-l6-v2", "source": "A man is eating.", \
      "targets": ["Somebody eats.", "It rains."]}\
      """;

  private final DirectTasks tasks;

  SimilarityController(DirectTasks tasks) {
    this.tasks = tasks;
  }

  @TextOperation(
      path = ApiPaths.SIMILARITY,
      summary = "Says how alike one text is to others",
      request = Request.class,
      example = EXAMPLE,
      answer = "A score for each target",
      response = Response.class)
  void similarity(HttpServletRequest http, HttpServletResponse response) throws IOException {
    tasks.serve(ApiCall.SIMILARITY, http, response);
  }

  @Schema(name = "SimilarityRequest")
  record Request(
      @Nullable String model,
      String source,
      @Schema(description = "A string, or an array of strings") List<String> targets,
      @Schema(allowableValues = {"windows", "refused", "cut"}) @Nullable String overlong,
      @Nullable Integer priority) {}

  @Schema(name = "SimilarityResponse")
  record Response(String object, String model, List<Similarity> data, DescribedUsage usage) {}

  @Schema(name = "Similarity")
  record Similarity(int index, double score) {}
}
