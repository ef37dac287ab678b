package io.onnxfleet.inference.protocol.openai.embeddings;

import io.onnxfleet.inference.protocol.error.ErrorArguments;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;

/** The arguments of OpenAI's requests. */
@Component
final class OpenAiArguments implements ErrorArguments {
  @Override
  public @Nullable String namedBy(String message) {
    return EmbeddingsArgument.namedBy(message);
  }
}
