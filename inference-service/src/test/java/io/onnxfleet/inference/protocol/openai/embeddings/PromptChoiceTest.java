package io.onnxfleet.inference.protocol.openai.embeddings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.text.TextOptions;
import io.onnxfleet.engine.text.tokenization.TextInput;
import io.onnxfleet.inference.protocol.openai.embeddings.EmbeddingsRequest.Purpose;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class PromptChoiceTest {
  private static final Map<String, String> E5 = Map.of("query", "query: ", "passage", "passage: ");
  private static final Map<String, String> BGE = Map.of("query", "Represent this: ");
  private static final Map<String, String> NOMIC =
      Map.of("search_query", "search_query: ", "clustering", "clustering: ");

  @Test
  void of_findsThePrompt_byItsName() {
    assertThat(choose("query", null, E5).prompt()).isEqualTo("query: ");
    assertThat(choose("passage", "query", E5))
        .isEqualTo(new PromptChoice("passage: ", "input_type"));
    assertRefused("Query", null, E5, "prompt_name: 'Query' (expected one of [passage, query]");
    assertRefused("query", null, Map.of(), "expected none: model 'm' has no prompts");
  }

  @Test
  void of_findsThePrompt_byWhatItIsFor() {
    assertThat(choose(null, "search_query", E5).prompt()).isEqualTo("query: ");
    assertThat(choose(null, "document", E5).prompt()).isEqualTo("passage: ");
    assertThat(choose(null, "search_document", E5).prompt()).isEqualTo("passage: ");
    assertThat(choose(null, "retrieval.query", BGE).prompt()).isEqualTo("Represent this: ");
    assertThat(choose(null, "QUERY", NOMIC).prompt()).isEqualTo("search_query: ");
    assertThat(choose(null, "clustering", NOMIC).prompt()).isEqualTo("clustering: ");
  }

  @Test
  void of_putsNothingBefore_whereTheModelHasAPromptForTheOtherOnly() {
    assertThat(choose(null, "document", BGE)).isEqualTo(new PromptChoice("", null));
    assertThat(choose(null, "passage", NOMIC)).isEqualTo(new PromptChoice("", null));
  }

  @Test
  void of_refusesAPurpose_thatAModelWithPromptsHasNot() {
    assertRefused(null, "classification", E5, "input_type: 'classification' (expected one of [");
  }

  @Test
  void of_leavesTheModelsDefault_andSaysSo_whereItHasNoPrompts() {
    assertThat(choose(null, "whatever", Map.of())).isEqualTo(new PromptChoice(null, "input_type"));
    assertThat(choose(null, null, E5)).isEqualTo(new PromptChoice(null, null));
  }

  private static void assertRefused(
      @Nullable String name,
      @Nullable String purpose,
      Map<String, String> prompts,
      String message) {
    assertThatExceptionOfType(InferenceException.class)
        .isThrownBy(() -> choose(name, purpose, prompts))
        .withMessageContaining(message);
  }

  private static PromptChoice choose(
      @Nullable String name, @Nullable String purpose, Map<String, String> prompts) {
    EmbeddingsRequest request =
        new EmbeddingsRequest(
            "m",
            List.of(new TextInput.Characters("a")),
            EncodingFormat.FLOAT,
            0,
            name,
            purpose == null ? null : new Purpose("input_type", purpose),
            null,
            TextOptions.Overlong.WINDOWS,
            0,
            List.of());
    return PromptChoice.of(request, "m", prompts);
  }
}
