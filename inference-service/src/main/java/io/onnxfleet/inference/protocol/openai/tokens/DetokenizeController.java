package io.onnxfleet.inference.protocol.openai.tokens;

import io.onnxfleet.contract.api.ApiCall;
import io.onnxfleet.contract.api.ApiPaths;
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
 * {@code POST /v1/detokenize} as the OpenAPI document describes it; {@link DetokenizeService} reads
 * and writes what is described here. Thread-safe.
 */
@RestController
final class DetokenizeController {
  private static final String EXAMPLE =
      """
      {"model": "all-minilm-l6-v2", "tokens": [7592, 1010, 2088]}\
      """;

  private final DirectTasks tasks;

  DetokenizeController(DirectTasks tasks) {
    this.tasks = tasks;
  }

  @TextOperation(
      path = ApiPaths.DETOKENIZE,
      summary = "Makes texts of tokens",
      request = Request.class,
      example = EXAMPLE,
      answer = "The texts",
      response = Response.class)
  void detokenize(HttpServletRequest http, HttpServletResponse response) throws IOException {
    tasks.serve(ApiCall.DETOKENIZE, http, response);
  }

  @Schema(name = "DetokenizeRequest")
  record Request(
      @Nullable String model,
      @Schema(description = "An array of token ids, or an array of those") List<Integer> tokens,
      @Schema(name = "skip_special_tokens") @Nullable Boolean skipSpecialTokens,
      @Nullable Integer priority) {}

  @Schema(name = "DetokenizeResponse")
  record Response(String object, String model, List<Detokenized> data) {}

  @Schema(name = "Detokenized")
  record Detokenized(int index, String text) {}
}
