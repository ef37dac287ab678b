package io.onnxfleet.inference.protocol.openai.classify;

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
 * {@code POST /v1/classify} as the OpenAPI document describes it; {@link ClassifyService} reads and
 * writes what is described here. Thread-safe.
 */
@RestController
final class ClassifyController {
  private static final String EXAMPLE =
      """
      {"model": "intents", "input": ["Book a table for two"], "top_k": 3}\
      """;

  private final DirectTasks tasks;

  ClassifyController(DirectTasks tasks) {
    this.tasks = tasks;
  }

  @TextOperation(
      path = ApiPaths.CLASSIFY,
      summary = "Says which labels texts have",
      request = Request.class,
      example = EXAMPLE,
      answer = "The labels of each text",
      response = Response.class)
  void classify(HttpServletRequest http, HttpServletResponse response) throws IOException {
    tasks.serve(ApiCall.CLASSIFY, http, response);
  }

  @Schema(name = "ClassifyRequest")
  record Request(
      @Nullable String model,
      @Schema(description = "A string, or an array of strings") List<String> input,
      @Schema(name = "top_k") @Nullable Integer topK,
      @Schema(name = "raw_scores") @Nullable Boolean rawScores,
      @Schema(
              name = "windows_joined",
              allowableValues = {"mean", "max"})
          @Nullable String windowsJoined,
      @Schema(allowableValues = {"windows", "refused", "cut"}) @Nullable String overlong,
      @Nullable Integer priority) {}

  @Schema(name = "ClassifyResponse")
  record Response(String object, String model, List<Labels> data, DescribedUsage usage) {}

  @Schema(name = "Labels")
  record Labels(int index, List<Label> labels) {}

  @Schema(name = "Label")
  record Label(String label, double score) {}
}
