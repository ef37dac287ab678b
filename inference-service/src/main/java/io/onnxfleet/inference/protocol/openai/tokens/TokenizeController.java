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
 * {@code POST /v1/tokenize} as the OpenAPI document describes it; {@link TokenizeService} reads and
 * writes what is described here. Thread-safe.
 */
@RestController
final class TokenizeController {
  private static final String EXAMPLE =
      """
      {"model": "all-minilm-l6-v2", "input": "Hello, world"}\
      """;

  private final DirectTasks tasks;

  TokenizeController(DirectTasks tasks) {
    this.tasks = tasks;
  }

  @TextOperation(
      path = ApiPaths.TOKENIZE,
      summary = "Says of which tokens texts consist",
      request = Request.class,
      example = EXAMPLE,
      answer = "The tokens of each text",
      response = Response.class)
  void tokenize(HttpServletRequest http, HttpServletResponse response) throws IOException {
    tasks.serve(ApiCall.TOKENIZE, http, response);
  }

  @Schema(name = "TokenizeRequest")
  record Request(
      @Nullable String model,
      @Schema(description = "A string, or an array of strings") List<String> input,
      @Schema(name = "add_special_tokens") @Nullable Boolean addSpecialTokens,
      @Schema(
              name = "offset_encoding",
              allowableValues = {"code-points", "utf-16"})
          @Nullable String offsetEncoding,
      @Nullable Integer priority) {}

  @Schema(name = "TokenizeResponse")
  record Response(String object, String model, List<Tokens> data) {}

  @Schema(name = "Tokens")
  record Tokens(int index, List<Token> tokens) {}

  @Schema(name = "Token")
  record Token(
      long id, String text, @Nullable Integer start, @Nullable Integer end, boolean special) {}
}
