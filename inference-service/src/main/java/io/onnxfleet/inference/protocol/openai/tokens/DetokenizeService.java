package io.onnxfleet.inference.protocol.openai.tokens;

import io.onnxfleet.contract.api.ApiCall;
import io.onnxfleet.contract.fleet.InferenceUnits;
import io.onnxfleet.engine.text.TextModels;
import io.onnxfleet.inference.protocol.openai.task.TaskArguments;
import io.onnxfleet.inference.protocol.openai.task.TaskRequest;
import io.onnxfleet.inference.protocol.openai.task.TextService;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.springframework.stereotype.Component;
import tools.jackson.core.JsonGenerator;

/** Makes texts of tokens. Thread-safe. */
@Component
final class DetokenizeService implements TextService<DetokenizeRequest, List<String>> {
  @Override
  public ApiCall call() {
    return ApiCall.DETOKENIZE;
  }

  @Override
  public TaskArguments<?> arguments() {
    return DetokenizeRequest.arguments();
  }

  @Override
  public DetokenizeRequest read(InputStream body) throws IOException {
    return DetokenizeRequest.read(body);
  }

  @Override
  public TaskRequest shared(DetokenizeRequest request) {
    return request.shared();
  }

  @Override
  public CompletableFuture<List<String>> ask(
      TextModels models, TextModels.Question question, DetokenizeRequest request, int level) {
    return models.detokenize(
        question.name(), question.version(), request.tokens(), request.skipsSpecial());
  }

  @Override
  public InferenceUnits units(DetokenizeRequest request, List<String> answer) {
    long tokens = request.tokens().stream().mapToLong(ids -> ids.length).sum();
    return new InferenceUnits(request.tokens().size(), tokens);
  }

  @Override
  public void write(
      JsonGenerator json, String model, DetokenizeRequest request, List<String> answer) {
    json.writeStartObject();
    TaskRequest.writeList(
        json, model, answer.size(), index -> json.writeStringProperty("text", answer.get(index)));
    json.writeEndObject();
  }
}
