package io.onnxfleet.inference.protocol.openai.similarity;

import io.onnxfleet.contract.api.ApiCall;
import io.onnxfleet.contract.api.HeaderNames;
import io.onnxfleet.contract.fleet.InferenceUnits;
import io.onnxfleet.engine.text.EmbeddingOptions;
import io.onnxfleet.engine.text.TextModels;
import io.onnxfleet.engine.text.similarity.Comparing;
import io.onnxfleet.engine.text.similarity.Similarities;
import io.onnxfleet.inference.configuration.RerankProperties;
import io.onnxfleet.inference.protocol.openai.embeddings.EmbeddingsHeaders;
import io.onnxfleet.inference.protocol.openai.task.TaskArguments;
import io.onnxfleet.inference.protocol.openai.task.TaskRequest;
import io.onnxfleet.inference.protocol.openai.task.TextService;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.InputStream;
import java.util.concurrent.CompletableFuture;
import org.springframework.stereotype.Component;
import tools.jackson.core.JsonGenerator;

/** Says how alike one text is to others. Thread-safe. */
@Component
final class SimilarityService implements TextService<SimilarityRequest, Similarities> {
  private final RerankProperties properties;

  SimilarityService(RerankProperties properties) {
    this.properties = properties;
  }

  @Override
  public ApiCall call() {
    return ApiCall.SIMILARITY;
  }

  @Override
  public TaskArguments<?> arguments() {
    return SimilarityRequest.arguments();
  }

  @Override
  public SimilarityRequest read(InputStream body) throws IOException {
    return SimilarityRequest.read(body, properties.maxDocuments());
  }

  @Override
  public TaskRequest shared(SimilarityRequest request) {
    return request.shared();
  }

  @Override
  public CompletableFuture<Similarities> ask(
      TextModels models, TextModels.Question question, SimilarityRequest request, int level) {
    Comparing comparing = new Comparing(request.source(), request.targets());
    return models.run(
        question,
        described ->
            comparing.of(described, new EmbeddingOptions(null, null, request.overlong(), level)));
  }

  @Override
  public InferenceUnits units(SimilarityRequest request, Similarities answer) {
    return new InferenceUnits(request.targets().size() + 1L, answer.tokens());
  }

  @Override
  public void tell(SimilarityRequest request, Similarities answer, HttpServletResponse response) {
    response.setHeader(HeaderNames.WINDOWS, EmbeddingsHeaders.windows(answer.windows()));
  }

  @Override
  public void write(
      JsonGenerator json, String model, SimilarityRequest request, Similarities answer) {
    json.writeStartObject();
    TaskRequest.writeList(
        json,
        model,
        answer.scores().size(),
        index -> json.writeNumberProperty("score", answer.scores().get(index)));
    TaskRequest.writeUsage(json, answer.tokens());
    json.writeEndObject();
  }
}
