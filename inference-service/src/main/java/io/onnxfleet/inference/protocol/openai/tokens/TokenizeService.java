package io.onnxfleet.inference.protocol.openai.tokens;

import io.onnxfleet.contract.api.ApiCall;
import io.onnxfleet.contract.fleet.InferenceUnits;
import io.onnxfleet.engine.text.TextModels;
import io.onnxfleet.engine.text.tokenization.SpecialTokens;
import io.onnxfleet.engine.text.tokenization.TokenizedTexts;
import io.onnxfleet.engine.text.tokens.Tokenizing;
import io.onnxfleet.inference.protocol.openai.task.OffsetEncoding;
import io.onnxfleet.inference.protocol.openai.task.TaskArguments;
import io.onnxfleet.inference.protocol.openai.task.TaskRequest;
import io.onnxfleet.inference.protocol.openai.task.TextService;
import java.io.IOException;
import java.io.InputStream;
import java.util.concurrent.CompletableFuture;
import org.springframework.stereotype.Component;
import tools.jackson.core.JsonGenerator;

/** Says of which tokens texts consist, and where these stand. Thread-safe. */
@Component
final class TokenizeService implements TextService<TokenizeRequest, TokenizedTexts> {
  @Override
  public ApiCall call() {
    return ApiCall.TOKENIZE;
  }

  @Override
  public TaskArguments<?> arguments() {
    return TokenizeRequest.arguments();
  }

  @Override
  public TokenizeRequest read(InputStream body) throws IOException {
    return TokenizeRequest.read(body);
  }

  @Override
  public TaskRequest shared(TokenizeRequest request) {
    return request.shared();
  }

  @Override
  public CompletableFuture<TokenizedTexts> ask(
      TextModels models, TextModels.Question question, TokenizeRequest request, int level) {
    return models.run(question, _ -> new Tokenizing().of(request.input()));
  }

  @Override
  public InferenceUnits units(TokenizeRequest request, TokenizedTexts answer) {
    return new InferenceUnits(request.input().size(), answer.tokens());
  }

  @Override
  public void write(
      JsonGenerator json, String model, TokenizeRequest request, TokenizedTexts answer) {
    json.writeStartObject();
    TaskRequest.writeList(
        json,
        model,
        answer.texts().size(),
        index -> {
          json.writeArrayPropertyStart("tokens");
          write(json, request, answer.texts().get(index), request.input().get(index));
          json.writeEndArray();
        });
    json.writeEndObject();
  }

  private static void write(
      JsonGenerator json, TokenizeRequest request, TokenizedTexts.Text text, String input) {
    SpecialTokens frame = text.frame();
    int before = frame.prefix().length;
    if (request.special()) {
      for (int index = 0; index < before; index++) {
        writeSpecial(json, frame.prefix()[index], frame.names().get(index));
      }
    }
    OffsetEncoding.Places places = new OffsetEncoding.Places(input, request.encoding());
    for (int token = 0; token < text.tokens().length; token++) {
      int start = text.places().starts()[token];
      int end = text.places().ends()[token];
      json.writeStartObject();
      json.writeNumberProperty("id", text.tokens()[token]);
      json.writeStringProperty("text", places.between(start, end));
      json.writeNumberProperty("start", places.told(start));
      json.writeNumberProperty("end", places.told(end));
      json.writeBooleanProperty("special", false);
      json.writeEndObject();
    }
    if (request.special()) {
      for (int index = 0; index < frame.suffix().length; index++) {
        writeSpecial(json, frame.suffix()[index], frame.names().get(before + index));
      }
    }
  }

  /** What stands in no text has no place in it. */
  private static void writeSpecial(JsonGenerator json, long id, String name) {
    json.writeStartObject();
    json.writeNumberProperty("id", id);
    json.writeStringProperty("text", name);
    json.writeNullProperty("start");
    json.writeNullProperty("end");
    json.writeBooleanProperty("special", true);
    json.writeEndObject();
  }
}
