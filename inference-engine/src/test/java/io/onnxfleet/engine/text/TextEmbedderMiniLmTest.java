package io.onnxfleet.engine.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.onnxfleet.engine.request.Deadline;
import io.onnxfleet.engine.runtime.ModelSession;
import io.onnxfleet.engine.runtime.OnnxRuntime;
import io.onnxfleet.engine.runtime.SessionOptions;
import io.onnxfleet.engine.tensor.BufferPool;
import io.onnxfleet.engine.text.tokenization.MiniLm;
import io.onnxfleet.engine.text.tokenization.TextInput;
import io.onnxfleet.engine.text.tokenization.TextTokenizer;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The real model, without a scheduler. */
class TextEmbedderMiniLmTest {
  private static final BufferPool pool = BufferPool.ofDefaults();
  private static ModelSession session;
  private static TextTokenizer tokenizer;

  @BeforeAll
  static void open() {
    session = new OnnxRuntime(pool).open(MiniLm.MODEL, SessionOptions.cpu(1));
    tokenizer = TextTokenizer.open(MiniLm.TOKENIZER);
  }

  @AfterAll
  static void close() {
    session.close();
    tokenizer.close();
    assertThat(pool.usage().buffersInUse()).isZero();
  }

  @Test
  void embed_putsLikeSentencesNearEachOther() {
    List<float[]> vectors =
        embed(
            "A man is eating food.",
            "A man is eating a piece of bread.",
            "The girl is carrying a baby.",
            "A monkey is playing drums.",
            "Someone in a gorilla costume is playing a set of drums.");

    assertThat(vectors).allSatisfy(vector -> assertThat(vector).hasSize(384));
    assertThat(vectors)
        .allSatisfy(vector -> assertThat(dot(vector, vector)).isCloseTo(1, within(1e-5)));
    assertThat(dot(vectors.get(0), vectors.get(1))).isBetween(0.7, 0.8);
    assertThat(dot(vectors.get(3), vectors.get(4))).isBetween(0.6, 0.7);
    assertThat(dot(vectors.get(0), vectors.get(2))).isLessThan(0.2);
    assertThat(dot(vectors.get(0), vectors.get(3))).isLessThan(0.2);
  }

  @Test
  void embed_isTheSame_whenAShortTextCouldHaveBeenCut() {
    String text = "windows do not matter where the text fits into one ".repeat(5);
    float[] narrow = embed(Map.of("max-sequence-length", "64"), text).getFirst();
    float[] wide = embed(Map.of("max-sequence-length", "256"), text).getFirst();

    assertThat(wide).containsExactly(narrow, within(1e-6f));
  }

  @Test
  void embed_staysNear_whenTextIsCut() {
    String text =
        "The fleet serves models. Replicas register, a gateway balances, and batches form. "
            .repeat(12);
    float[] cut = embed(Map.of("max-sequence-length", "64"), text).getFirst();
    float[] whole = embed(Map.of("max-sequence-length", "512"), text).getFirst();

    assertThat(dot(cut, whole)).isGreaterThan(0.9);
  }

  @Test
  void embed_heedsTheTail_whenTextIsLong() {
    String start = "the weather was mild and the harbour was quiet ".repeat(60);
    List<float[]> vectors =
        embed(start + "until the pirates came", start + "and nothing happened", start);

    assertThat(dot(vectors.get(0), vectors.get(1))).isLessThan(0.9999);
    assertThat(dot(vectors.get(0), vectors.get(2))).isLessThan(0.9999);
  }

  @Test
  void embed_takesAnyText() {
    List<float[]> vectors = embed("", "\uD83D\uDE00", "\0", "\u0001\u0007", "a".repeat(10_000));

    assertThat(vectors)
        .allSatisfy(vector -> assertThat(dot(vector, vector)).isCloseTo(1, within(1e-5)));
  }

  @Test
  void embed_isTheSame_forTextAndItsTokens() {
    String text = "tokens or characters, ".repeat(50);
    int[] ids = Arrays.stream(tokenizer.encode(text, 1000)).mapToInt(Math::toIntExact).toArray();

    List<float[]> vectors =
        embedder(Map.of("token-arrays", "accept"))
            .embed(
                List.of(new TextInput.Characters(text), new TextInput.Tokens(ids)), Deadline.NONE)
            .join()
            .vectors();

    assertThat(vectors.get(1)).containsExactly(vectors.get(0));
  }

  private static List<float[]> embed(String... texts) {
    return embed(Map.of(), texts);
  }

  private static List<float[]> embed(Map<String, String> parameters, String... texts) {
    List<TextInput> inputs =
        Arrays.stream(texts).<TextInput>map(TextInput.Characters::new).toList();
    return embedder(parameters).embed(inputs, Deadline.NONE).join().vectors();
  }

  private static TextEmbedder embedder(Map<String, String> parameters) {
    TextModel model =
        TextModel.of(
            "all-minilm-l6-v2",
            1,
            session.signature().inputs(),
            session.signature().outputs(),
            parameters);
    return new TextEmbedder(
        model, tokenizer, new SessionPort(session), pool, TextEmbedder.DEFAULT_MAX_TOKENS);
  }

  private static double dot(float[] left, float[] right) {
    return IntStream.range(0, left.length).mapToDouble(i -> (double) left[i] * right[i]).sum();
  }
}
