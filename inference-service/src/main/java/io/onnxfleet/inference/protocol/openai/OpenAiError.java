package io.onnxfleet.inference.protocol.openai;

import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.inference.protocol.http.Json;
import java.io.OutputStream;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;

/**
 * A refusal as OpenAI's clients read it.
 *
 * @param param the argument at fault, if it is one
 * @param code what a program may tell refusals of one type apart by
 */
record OpenAiError(String message, String type, @Nullable String param, @Nullable String code)
    implements OpenAiBody {
  private static final String INVALID_REQUEST = "invalid_request_error";
  private static final String SERVER = "server_error";

  /**
   * The refusal of a request.
   *
   * @param code null if the engine was never asked
   */
  static OpenAiError of(int status, @Nullable ErrorCode code, String message) {
    String label = code == null ? null : code.name().toLowerCase(Locale.ROOT);
    return switch (code) {
      case null -> new OpenAiError(message, status < 500 ? INVALID_REQUEST : SERVER, null, null);
      case INVALID_INPUT ->
          new OpenAiError(message, INVALID_REQUEST, EmbeddingsArgument.namedBy(message), null);
      case UNSUPPORTED_FEATURE, MODEL_NOT_FOUND ->
          new OpenAiError(message, INVALID_REQUEST, EmbeddingsArgument.MODEL, label);
      case REQUEST_TOO_LARGE ->
          new OpenAiError(message, INVALID_REQUEST, EmbeddingsArgument.INPUT, label);
      case QUEUE_FULL, MEMORY_EXHAUSTED ->
          new OpenAiError(message, "rate_limit_error", null, "rate_limit_exceeded");
      case MODEL_NOT_READY, MODEL_CANNOT_SERVE ->
          new OpenAiError(message, SERVER, EmbeddingsArgument.MODEL, label);
      case DEADLINE_EXCEEDED, CANCELLED, SHUTTING_DOWN, MODEL_LOAD_FAILED, EXECUTION_FAILED ->
          new OpenAiError(message, SERVER, null, label);
    };
  }

  @Override
  public void writeTo(OutputStream target) {
    try (JsonGenerator json = Json.generator(target)) {
      json.writeStartObject();
      json.writeObjectPropertyStart("error");
      json.writeStringProperty("message", message);
      json.writeStringProperty("type", type);
      write(json, "param", param);
      write(json, "code", code);
      json.writeEndObject();
      json.writeEndObject();
    }
  }

  private static void write(JsonGenerator json, String name, @Nullable String value) {
    if (value == null) {
      json.writeNullProperty(name);
    } else {
      json.writeStringProperty(name, value);
    }
  }
}
