package io.onnxfleet.inference.protocol.openai.embeddings;

import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.textsettings.TextSettings;
import io.onnxfleet.inference.protocol.http.Json;
import io.onnxfleet.inference.protocol.openai.embeddings.EmbeddingsRequest.Purpose;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Which of a model's prompts a request asks for.
 *
 * @param prompt the text, empty for none, or null for the model's default
 * @param ignored the argument that changed nothing, or null
 */
public record PromptChoice(@Nullable String prompt, @Nullable String ignored) {
  /** What models and clients call the search for something. */
  private static final List<String> QUERY =
      List.of("query", "search_query", "retrieval_query", "s2p_query", "question");

  /** What they call that which is found. */
  private static final List<String> DOCUMENT =
      List.of(
          "document",
          "passage",
          "search_document",
          "retrieval_document",
          "retrieval_passage",
          "corpus",
          "doc");

  /**
   * The choice.
   *
   * @param prompts the model's, by name
   * @throws InferenceException if it has prompts, and not the one that is asked for
   */
  static PromptChoice of(EmbeddingsRequest request, String model, Map<String, String> prompts) {
    Purpose purpose = request.purpose();
    String name = request.promptName();
    if (name != null) {
      String prompt = prompts.get(name);
      if (prompt == null) {
        throw InferenceException.invalidInput(
            "prompt_name: '%s' (expected %s)", Json.shortened(name), expected(model, prompts));
      }
      return new PromptChoice(prompt, purpose == null ? null : purpose.argument());
    }
    if (purpose == null) {
      return new PromptChoice(null, null);
    }
    if (prompts.isEmpty()) {
      return new PromptChoice(null, purpose.argument());
    }
    return new PromptChoice(
        promptFor(purpose.value(), prompts)
            .orElseThrow(
                () ->
                    InferenceException.invalidInput(
                        "%s: '%s' (expected %s)",
                        purpose.argument(),
                        Json.shortened(purpose.value()),
                        expected(model, prompts))),
        null);
  }

  /** What goes before a query, by the model's prompts; empty for nothing. */
  public static String ofQuery(TextSettings settings) {
    return of("query", settings);
  }

  /** What goes before that which is found; empty for nothing. */
  public static String ofDocument(TextSettings settings) {
    return of("document", settings);
  }

  private static String of(String purpose, TextSettings settings) {
    Map<String, String> prompts = settings.prompts();
    String standard = settings.defaultPrompt();
    return promptFor(purpose, prompts)
        .orElseGet(() -> standard == null ? "" : prompts.getOrDefault(standard, ""));
  }

  /** By its name, or by what it means. A model that has a prompt for the one only has it so. */
  private static Optional<String> promptFor(String purpose, Map<String, String> prompts) {
    String wanted = plain(purpose);
    Optional<String> byName = find(List.of(wanted), prompts);
    if (byName.isPresent()) {
      return byName;
    }
    boolean isQuery = QUERY.contains(wanted);
    if (!isQuery && !DOCUMENT.contains(wanted)) {
      return Optional.empty();
    }
    List<String> meant = isQuery ? QUERY : DOCUMENT;
    List<String> other = isQuery ? DOCUMENT : QUERY;
    return find(meant, prompts).or(() -> find(other, prompts).map(prompt -> ""));
  }

  private static Optional<String> find(List<String> names, Map<String, String> prompts) {
    for (String name : names) {
      for (Map.Entry<String, String> prompt : prompts.entrySet()) {
        if (plain(prompt.getKey()).equals(name)) {
          return Optional.of(prompt.getValue());
        }
      }
    }
    return Optional.empty();
  }

  private static String plain(String name) {
    return name.strip().toLowerCase(Locale.ROOT).replace('-', '_').replace('.', '_');
  }

  private static String expected(String model, Map<String, String> prompts) {
    return prompts.isEmpty()
        ? "none: model '%s' has no prompts".formatted(model)
        : "one of %s, the prompts of model '%s'"
            .formatted(prompts.keySet().stream().sorted().toList(), model);
  }
}
