package io.onnxfleet.inference.protocol.openai.entities;

import io.onnxfleet.contract.api.ApiCall;
import io.onnxfleet.contract.api.HeaderNames;
import io.onnxfleet.contract.fleet.InferenceUnits;
import io.onnxfleet.engine.text.TextModels;
import io.onnxfleet.engine.text.TextOptions;
import io.onnxfleet.engine.text.entities.Entities;
import io.onnxfleet.engine.text.entities.Recognizing;
import io.onnxfleet.inference.protocol.openai.embeddings.EmbeddingsHeaders;
import io.onnxfleet.inference.protocol.openai.task.OffsetEncoding;
import io.onnxfleet.inference.protocol.openai.task.TaskArguments;
import io.onnxfleet.inference.protocol.openai.task.TaskRequest;
import io.onnxfleet.inference.protocol.openai.task.TextService;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.InputStream;
import java.util.concurrent.CompletableFuture;
import org.springframework.stereotype.Component;
import tools.jackson.core.JsonGenerator;

/** Says which entities texts name. Thread-safe. */
@Component
final class EntitiesService implements TextService<EntitiesRequest, Entities> {
  @Override
  public ApiCall call() {
    return ApiCall.TOKEN_CLASSIFY;
  }

  @Override
  public TaskArguments<?> arguments() {
    return EntitiesRequest.arguments();
  }

  @Override
  public EntitiesRequest read(InputStream body) throws IOException {
    return EntitiesRequest.read(body);
  }

  @Override
  public TaskRequest shared(EntitiesRequest request) {
    return request.shared();
  }

  @Override
  public CompletableFuture<Entities> ask(
      TextModels models, TextModels.Question question, EntitiesRequest request, int level) {
    Recognizing recognizing = new Recognizing(request.aggregation());
    return models.run(
        question,
        described -> recognizing.of(described, request.input(), TextOptions.whole(level)));
  }

  @Override
  public InferenceUnits units(EntitiesRequest request, Entities answer) {
    return new InferenceUnits(request.input().size(), answer.tokens());
  }

  @Override
  public void tell(EntitiesRequest request, Entities answer, HttpServletResponse response) {
    response.setHeader(HeaderNames.WINDOWS, EmbeddingsHeaders.windows(answer.windows()));
  }

  @Override
  public void write(JsonGenerator json, String model, EntitiesRequest request, Entities answer) {
    json.writeStartObject();
    TaskRequest.writeList(
        json, model, answer.ofTexts().size(), text -> writeEntities(json, request, answer, text));
    TaskRequest.writeUsage(json, answer.tokens());
    json.writeEndObject();
  }

  private static void writeEntities(
      JsonGenerator json, EntitiesRequest request, Entities answer, int text) {
    OffsetEncoding.Places places =
        new OffsetEncoding.Places(request.input().get(text), request.encoding());
    json.writeArrayPropertyStart("entities");
    for (Entities.Entity entity : answer.ofTexts().get(text)) {
      json.writeStartObject();
      json.writeStringProperty("label", entity.label());
      json.writeNumberProperty("score", entity.score());
      json.writeNumberProperty("start", places.told(entity.start()));
      json.writeNumberProperty("end", places.told(entity.end()));
      json.writeStringProperty("text", places.between(entity.start(), entity.end()));
      json.writeEndObject();
    }
    json.writeEndArray();
  }
}
