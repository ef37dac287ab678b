package io.onnxfleet.inference.protocol.openai.rerank;

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
 * {@code POST /v1/rerank} and {@code /v2/rerank} as the OpenAPI document describes them; {@link
 * RerankService} reads and writes what is described here. Thread-safe.
 */
@RestController
final class RerankController {
  private static final String EXAMPLE =
      """
      {"model": "all-minilm-l6-v2", "query": "How do I reset my card's code?", \
      "documents": ["Choose Forgotten code in the app.", "Our branches open at nine."], "top_n": 2}\
      """;

  private final DirectTasks tasks;

  RerankController(DirectTasks tasks) {
    this.tasks = tasks;
  }

  @TextOperation(
      path = ApiPaths.RERANK,
      summary = "Ranks documents by their relevance to a query",
      request = Request.class,
      example = EXAMPLE,
      answer = "The documents, the most relevant first",
      response = Response.class)
  void rerank(HttpServletRequest http, HttpServletResponse response) throws IOException {
    tasks.serve(ApiCall.RERANK, http, response);
  }

  @TextOperation(
      path = ApiPaths.RERANK_V2,
      summary = "The same in the second form of Cohere's interface",
      request = Request.class,
      example = EXAMPLE,
      answer = "The documents, the most relevant first",
      response = Response.class)
  void rerankOfVersion2(HttpServletRequest http, HttpServletResponse response) throws IOException {
    tasks.serve(ApiCall.RERANK_V2, http, response);
  }

  @Schema(name = "RerankRequest")
  record Request(
      @Nullable String model,
      String query,
      @Schema(description = "Strings, or objects with a text") List<String> documents,
      @Schema(name = "rank_fields") @Nullable List<String> rankFields,
      @Schema(name = "top_n") @Nullable Integer topN,
      @Schema(name = "return_documents") @Nullable Boolean returnDocuments,
      @Schema(name = "max_tokens_per_doc") @Nullable Integer maxTokensPerDoc,
      @Schema(name = "raw_scores") @Nullable Boolean rawScores,
      @Schema(allowableValues = {"cosine", "late-interaction"}) @Nullable String reranking,
      @Schema(allowableValues = {"windows", "refused", "cut"}) @Nullable String overlong,
      @Nullable Integer priority) {}

  @Schema(name = "RerankResponse")
  record Response(
      String id, String model, List<Result> results, Object meta, DescribedUsage usage) {}

  @Schema(name = "RerankResult")
  record Result(
      int index,
      @Schema(name = "relevance_score") double relevanceScore,
      @Nullable Document document) {}

  @Schema(name = "RerankDocument")
  record Document(String text) {}
}
