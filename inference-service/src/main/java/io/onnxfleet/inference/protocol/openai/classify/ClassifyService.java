package io.onnxfleet.inference.protocol.openai.classify;

import io.onnxfleet.contract.api.ApiCall;
import io.onnxfleet.contract.api.HeaderNames;
import io.onnxfleet.contract.fleet.InferenceUnits;
import io.onnxfleet.engine.text.TextModels;
import io.onnxfleet.engine.text.TextOptions;
import io.onnxfleet.engine.text.classify.Classified;
import io.onnxfleet.engine.text.classify.Classifying;
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

/** Says which labels texts have. Thread-safe. */
@Component
final class ClassifyService implements TextService<ClassifyRequest, Classified> {
  @Override
  public ApiCall call() {
    return ApiCall.CLASSIFY;
  }

  @Override
  public TaskArguments<?> arguments() {
    return ClassifyRequest.arguments();
  }

  @Override
  public ClassifyRequest read(InputStream body) throws IOException {
    return ClassifyRequest.read(body);
  }

  @Override
  public TaskRequest shared(ClassifyRequest request) {
    return request.shared();
  }

  @Override
  public CompletableFuture<Classified> ask(
      TextModels models, TextModels.Question question, ClassifyRequest request, int level) {
    Classifying classifying = new Classifying(request.joining());
    return models.run(
        question,
        described ->
            classifying.of(
                described, request.input(), TextOptions.whole(level).with(request.overlong())));
  }

  @Override
  public InferenceUnits units(ClassifyRequest request, Classified answer) {
    return new InferenceUnits(request.input().size(), answer.tokens());
  }

  @Override
  public void tell(ClassifyRequest request, Classified answer, HttpServletResponse response) {
    response.setHeader(HeaderNames.WINDOWS, EmbeddingsHeaders.windows(answer.windows()));
    if (answer.windows().stream().anyMatch(windows -> windows > 1)) {
      response.setHeader(HeaderNames.WINDOWS_JOINED, request.joining().label());
    }
  }

  @Override
  public void write(JsonGenerator json, String model, ClassifyRequest request, Classified answer) {
    json.writeStartObject();
    TaskRequest.writeList(
        json, model, answer.logits().size(), text -> writeLabels(json, request, answer, text));
    TaskRequest.writeUsage(json, answer.tokens());
    json.writeEndObject();
  }

  private static void writeLabels(
      JsonGenerator json, ClassifyRequest request, Classified answer, int text) {
    json.writeArrayPropertyStart("labels");
    for (Classified.Label label : answer.labels(text, request.raw(), request.topK())) {
      json.writeStartObject();
      json.writeStringProperty("label", label.name());
      json.writeNumberProperty("score", label.score());
      json.writeEndObject();
    }
    json.writeEndArray();
  }
}
