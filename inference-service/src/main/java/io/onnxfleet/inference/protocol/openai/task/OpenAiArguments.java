package io.onnxfleet.inference.protocol.openai.task;

import io.onnxfleet.inference.protocol.error.ErrorArguments;
import io.onnxfleet.inference.protocol.openai.embeddings.EmbeddingsArgument;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;

/**
 * The arguments of all requests below {@code /v1} that run a model, as those know them who read
 * them. Immutable.
 */
@Component
final class OpenAiArguments implements ErrorArguments {
  private final Set<String> known = new HashSet<>(BodyArguments.SHARED);

  OpenAiArguments(List<TextService<?, ?>> services) {
    known.addAll(EmbeddingsArgument.taken());
    known.addAll(EmbeddingsArgument.refused());
    services.forEach(service -> known.addAll(service.arguments().names()));
  }

  /** The argument that a message begins with, before a colon, a bracket or a dot. */
  @Override
  public @Nullable String namedBy(String message) {
    int end = 0;
    while (end < message.length() && ":[.".indexOf(message.charAt(end)) < 0) {
      end++;
    }
    String name = message.substring(0, end);
    return end < message.length() && known.contains(name) ? name : null;
  }
}
