package io.onnxfleet.optimizer.adding;

import io.onnxfleet.contract.api.ApiCall;
import io.onnxfleet.engine.textsettings.ModelTask;
import org.jspecify.annotations.Nullable;

/** A first call of a model, by what it is for. */
final class ExampleCall {
  private static final String A_TEXT = "\"input\": \"a sentence\"";

  private ExampleCall() {}

  /**
   * As a command.
   *
   * @param task null for a model that takes tensors only
   * @param gateway its address
   * @param asksForKeys whether callers need one
   */
  static String curl(@Nullable ModelTask task, String model, String gateway, boolean asksForKeys) {
    String key = asksForKeys ? " -H \"Authorization: Bearer $FLEET_API_KEY\"" : "";
    if (task == null) {
      return "curl -s %s%s%s".formatted(gateway, ApiCall.MODEL_METADATA.path(model, null), key);
    }
    ApiCall call =
        switch (task) {
          case EMBED, SPARSE -> ApiCall.EMBEDDINGS;
          case CLASSIFY -> ApiCall.CLASSIFY;
          case TOKEN_CLASSIFY -> ApiCall.TOKEN_CLASSIFY;
          case RERANK -> ApiCall.RERANK;
        };
    return "curl -s %s%s -H 'Content-Type: application/json'%s -d '{\"model\": \"%s\", %s}'"
        .formatted(gateway, call.path(), key, model, question(task));
  }

  private static String question(ModelTask task) {
    return switch (task) {
      case EMBED, CLASSIFY, TOKEN_CLASSIFY -> A_TEXT;
      case SPARSE -> A_TEXT + ", \"encoding_format\": \"sparse\"";
      case RERANK -> "\"query\": \"a question\", \"documents\": [\"an answer\", \"another\"]";
    };
  }
}
