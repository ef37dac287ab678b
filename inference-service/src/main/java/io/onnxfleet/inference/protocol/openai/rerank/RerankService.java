package io.onnxfleet.inference.protocol.openai.rerank;

import io.onnxfleet.contract.api.ApiCall;
import io.onnxfleet.contract.api.HeaderNames;
import io.onnxfleet.contract.fleet.InferenceUnits;
import io.onnxfleet.engine.text.TextModels;
import io.onnxfleet.engine.text.TextOptions;
import io.onnxfleet.engine.text.rerank.Relevances;
import io.onnxfleet.engine.text.rerank.Relevances.Relevance;
import io.onnxfleet.engine.text.rerank.Reranking;
import io.onnxfleet.engine.textsettings.TextSettings;
import io.onnxfleet.inference.configuration.RerankProperties;
import io.onnxfleet.inference.protocol.openai.embeddings.EmbeddingsHeaders;
import io.onnxfleet.inference.protocol.openai.embeddings.PromptChoice;
import io.onnxfleet.inference.protocol.openai.task.TaskArguments;
import io.onnxfleet.inference.protocol.openai.task.TaskRequest;
import io.onnxfleet.inference.protocol.openai.task.TextService;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import tools.jackson.core.JsonGenerator;

/** Ranks documents by their relevance to a query. Thread-safe. */
final class RerankService implements TextService<RerankRequest, Relevances> {
  /** Windows of documents that Cohere counts as one unit of search. */
  private static final int WINDOWS_OF_A_UNIT = 100;

  private final ApiCall call;
  private final String version;
  private final RerankProperties properties;

  /**
   * Of one form of Cohere's interface.
   *
   * @param version its number
   */
  RerankService(ApiCall call, String version, RerankProperties properties) {
    this.call = call;
    this.version = version;
    this.properties = properties;
  }

  @Override
  public ApiCall call() {
    return call;
  }

  @Override
  public TaskArguments<?> arguments() {
    return RerankRequestReader.arguments();
  }

  @Override
  public RerankRequest read(InputStream body) throws IOException {
    return RerankRequestReader.read(body, properties.maxDocuments());
  }

  @Override
  public TaskRequest shared(RerankRequest request) {
    return request.shared();
  }

  @Override
  public CompletableFuture<Relevances> ask(
      TextModels models, TextModels.Question question, RerankRequest request, int level) {
    Reranking reranking = new Reranking(request.query(), request.documents(), request.method());
    return models.run(
        question,
        described -> {
          TextSettings settings = described.model().settings();
          return reranking.of(
              described,
              new Reranking.Prompts(
                  PromptChoice.ofQuery(settings), PromptChoice.ofDocument(settings)),
              TextOptions.whole(level).withAtMost(request.mostTokens()).with(request.overlong()));
        });
  }

  @Override
  public InferenceUnits units(RerankRequest request, Relevances answer) {
    return new InferenceUnits(request.documents().size(), answer.tokens());
  }

  @Override
  public void tell(RerankRequest request, Relevances answer, HttpServletResponse response) {
    response.setHeader(HeaderNames.WINDOWS, EmbeddingsHeaders.windows(answer.windows()));
  }

  @Override
  public void write(JsonGenerator json, String model, RerankRequest request, Relevances answer) {
    json.writeStartObject();
    json.writeStringProperty("id", UUID.randomUUID().toString());
    json.writeStringProperty("model", model);
    json.writeArrayPropertyStart("results");
    List<Integer> ranked = answer.ranked();
    for (int index : ranked.subList(0, Math.min(request.topN(), ranked.size()))) {
      Relevance relevance = answer.ofDocuments().get(index);
      json.writeStartObject();
      json.writeNumberProperty("index", index);
      json.writeNumberProperty(
          "relevance_score", request.raw() ? relevance.raw() : relevance.score());
      if (request.returnsDocuments()) {
        json.writeObjectPropertyStart("document");
        json.writeStringProperty("text", request.documents().get(index));
        json.writeEndObject();
      }
      json.writeEndObject();
    }
    json.writeEndArray();
    writeMeta(json, answer);
    TaskRequest.writeUsage(json, answer.tokens());
    json.writeEndObject();
  }

  private void writeMeta(JsonGenerator json, Relevances answer) {
    int windows = answer.windows().stream().mapToInt(Integer::intValue).sum();
    json.writeObjectPropertyStart("meta");
    json.writeObjectPropertyStart("api_version");
    json.writeStringProperty("version", version);
    json.writeEndObject();
    json.writeObjectPropertyStart("billed_units");
    json.writeNumberProperty("search_units", Math.ceilDiv(windows, WINDOWS_OF_A_UNIT));
    json.writeEndObject();
    json.writeEndObject();
  }
}
