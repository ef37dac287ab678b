package io.onnxfleet.inference.protocol.openai.embeddings;

import io.onnxfleet.inference.protocol.error.ErrorArguments;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.springframework.stereotype.Component;

/** The arguments of OpenAI's requests. */
@Component
final class OpenAiArguments implements ErrorArguments {
  /** Those that requests for vectors have not. */
  private static final Set<String> OF_TASKS =
      Set.of(
          "query",
          "documents",
          "rank_fields",
          "top_n",
          "return_documents",
          "max_tokens_per_doc",
          "reranking",
          "raw_scores",
          "top_k",
          "windows_joined",
          "aggregation",
          "offset_encoding",
          "source",
          "targets",
          "tokens",
          "add_special_tokens",
          "skip_special_tokens");

  @Override
  public @Nullable String namedBy(String message) {
    String name = EmbeddingsArgument.namedBy(message);
    return name == null ? ofTask(message) : name;
  }

  /** The argument that a message begins with, before a colon, a bracket or a dot. */
  private static @Nullable String ofTask(String message) {
    int end = 0;
    while (end < message.length() && ":[.".indexOf(message.charAt(end)) < 0) {
      end++;
    }
    String name = message.substring(0, end);
    return end < message.length() && OF_TASKS.contains(name) ? name : null;
  }
}
