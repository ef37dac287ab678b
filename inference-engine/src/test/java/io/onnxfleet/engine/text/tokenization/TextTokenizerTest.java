package io.onnxfleet.engine.text.tokenization;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TextTokenizerTest {
  private static final int NO_LIMIT = Integer.MAX_VALUE;

  private static TextTokenizer tokenizer;

  @BeforeAll
  static void open() {
    tokenizer = TextTokenizer.open(MiniLm.TOKENIZER);
  }

  @AfterAll
  static void close() {
    tokenizer.close();
  }

  @Test
  void encode_givesTheModelsTokens_withoutSpecialOnes() {
    assertThat(tokenizer.encode("Hello, world", NO_LIMIT)).containsExactly(7592, 1010, 2088);
  }

  @Test
  void open_isTheSame_withAByteOrderMark(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("tokenizer.json");
    Files.writeString(file, "\uFEFF" + Files.readString(MiniLm.TOKENIZER));

    try (TextTokenizer marked = TextTokenizer.open(file)) {
      assertThat(marked.encode("Hello, world", NO_LIMIT)).containsExactly(7592, 1010, 2088);
    }
  }

  @Test
  void specialTokens_areReadOffTheTokenizer() {
    SpecialTokens special = tokenizer.specialTokens();

    assertThat(special.prefix()).containsExactly(101);
    assertThat(special.suffix()).containsExactly(102);
    assertThat(special.textType()).isZero();
    assertThat(special.count()).isEqualTo(2);
  }

  @Test
  void open_readsTheRangeOfIdsAndTheDeclaredLength() {
    assertThat(tokenizer.vocabularySize()).isEqualTo(30_522);
    assertThat(tokenizer.declaredLength()).hasValue(128);
  }

  @Test
  void encode_neitherTruncatesNorPads_whateverTheFileSays() {
    assertThat(tokenizer.encode("word ".repeat(1_000), NO_LIMIT)).hasSize(1_000).containsOnly(2773);
    assertThat(tokenizer.encode("word", NO_LIMIT)).hasSize(1);
  }

  @Test
  void encode_isTheSame_whenTextIsCutIntoPieces() {
    List<String> words =
        List.of("one", "two ", "\tthree", "\uD83D\uDE00", "vier,", "x".repeat(300));
    String text =
        String.join(" ", IntStream.range(0, 40_000).mapToObj(i -> words.get(i % 6)).toList());
    long[] expected = words.stream().flatMapToLong(word -> Arrays.stream(encode(word))).toArray();

    long[] tokens = encode(text);

    assertThat(text.length()).isGreaterThan(1 << 20);
    for (int index = 0; index < tokens.length; index++) {
      assertThat(tokens[index]).isEqualTo(expected[index % expected.length]);
    }
    assertThat(tokens.length / expected.length).isEqualTo(40_000 / 6);
  }

  @Test
  void encode_keepsAWordWhole_orRefusesIt_whenNothingSeparatesIt() {
    String text = "x" + "\uD83D\uDE00".repeat(40_000);

    // One unknown token for the one long word; a torn pair would add letters.
    assertThat(encode(text)).containsExactly(100);
    assertThatExceptionOfType(InferenceException.class)
        .isThrownBy(() -> encode(text.repeat(4)))
        .withMessageContaining("262144 characters without a place to cut them")
        .returns(ErrorCode.INVALID_INPUT, InferenceException::code);
  }

  @Test
  void encode_takesAnyText() {
    assertThat(encode("")).isEmpty();
    assertThat(encode(" \t\n")).isEmpty();
    assertThat(encode("nul\0char")).isEqualTo(encode("nulchar"));
    assertThat(encode("\u0001\u0007\u001b")).isEmpty();
    assertThat(encode("\uD83D\uDE00")).containsExactly(100);
    assertThat(encode("lone \uD83D surrogate")).isNotEmpty();
    assertThat(encode("\uFFFF\uFFFE\u202E")).isNotNull();
    assertThat(encode("\u6771\u4eac")).hasSize(2);
  }

  @Test
  void encode_refuses_whenTextHasMoreTokensThanAllowed() {
    assertThatExceptionOfType(InferenceException.class)
        .isThrownBy(() -> tokenizer.encode("one two three", 2))
        .withMessageContaining("3 tokens or more (expected: <= 2)")
        .returns(ErrorCode.REQUEST_TOO_LARGE, InferenceException::code);
    assertThatExceptionOfType(InferenceException.class)
        .isThrownBy(() -> tokenizer.encode("word ".repeat(100_000), 20_000))
        .returns(ErrorCode.REQUEST_TOO_LARGE, InferenceException::code);
  }

  @Test
  void encode_isTheSame_onManyThreads() throws Exception {
    List<String> texts = IntStream.range(0, 200).mapToObj(i -> "text number " + i).toList();
    List<long[]> expected = texts.stream().map(TextTokenizerTest::encode).toList();
    try (ExecutorService threads = Executors.newFixedThreadPool(4)) {
      List<Callable<List<long[]>>> tasks =
          IntStream.range(0, 8)
              .<Callable<List<long[]>>>mapToObj(
                  i -> () -> texts.stream().map(TextTokenizerTest::encode).toList())
              .toList();
      for (Future<List<long[]>> tokens : threads.invokeAll(tasks)) {
        assertThat(tokens.get()).usingRecursiveComparison().isEqualTo(expected);
      }
    }
  }

  @Test
  void encode_refuses_whenClosed() {
    TextTokenizer closed = TextTokenizer.open(MiniLm.TOKENIZER);
    closed.close();
    closed.close();

    assertThatExceptionOfType(InferenceException.class)
        .isThrownBy(() -> closed.encode("text", NO_LIMIT))
        .returns(ErrorCode.MODEL_NOT_READY, InferenceException::code);
  }

  @Test
  void open_namesTheFile_whenItIsNoTokenizer(@TempDir Path folder) throws IOException {
    Path file = folder.resolve(TextTokenizer.FILE_NAME);
    for (String json :
        List.of(
            "",
            "{",
            "[]",
            "{}",
            "{\"model\":3}",
            "{\"model\":{\"vocab\":{\"a\":\"b\"}}}",
            "{\"model\":{\"vocab\":{\"a\":0}}}",
            "{\"model\":{\"vocab\":{\"a\":9999999999}}}")) {
      Files.writeString(file, json);

      assertThatExceptionOfType(InferenceException.class)
          .as(json)
          .isThrownBy(() -> TextTokenizer.open(file))
          .withMessageStartingWith("tokenizer.json: ")
          .returns(ErrorCode.MODEL_LOAD_FAILED, InferenceException::code);
    }
    assertThatExceptionOfType(InferenceException.class)
        .isThrownBy(() -> TextTokenizer.open(folder.resolve("absent.json")));
  }

  @Test
  void open_takesAListedVocabulary(@TempDir Path folder) throws IOException {
    Path file = folder.resolve(TextTokenizer.FILE_NAME);
    Files.writeString(
        file,
        """
        {"version":"1.0",
         "added_tokens":[{"id":4,"content":"<extra>","single_word":false,"lstrip":false,
                          "rstrip":false,"normalized":false,"special":true}],
         "pre_tokenizer":{"type":"Whitespace"},
         "model":{"type":"Unigram","unk_id":0,"vocab":[["<unk>",0.0],["a",-1.0],["b",-1.5],["ab",-1.2]]}}
        """);
    try (TextTokenizer unigram = TextTokenizer.open(file)) {
      assertThat(unigram.vocabularySize()).isEqualTo(5);
      assertThat(unigram.declaredLength()).isEmpty();
      assertThat(unigram.specialTokens().count()).isZero();
      assertThat(unigram.encode("ab b", NO_LIMIT)).containsExactly(3, 2);
    }
  }

  @Test
  void open_declaresNoLength_whenOnlyPaddingIsOfAFixedOne(@TempDir Path folder) throws IOException {
    Path file = folder.resolve(TextTokenizer.FILE_NAME);
    String padding =
        """
        {"strategy":{"Fixed":16},"direction":"Right","pad_to_multiple_of":null,"pad_id":0,
         "pad_type_id":0,"pad_token":"a"}""";
    String truncation =
        """
        {"direction":"Right","max_length":12,"strategy":"LongestFirst","stride":0}""";
    String json =
        """
        {"version":"1.0","truncation":%s,"padding":%s,"pre_tokenizer":{"type":"Whitespace"},
         "model":{"type":"WordLevel","vocab":{"a":0,"b":1},"unk_token":"a"}}
        """;

    Files.writeString(file, json.formatted("null", padding));
    try (TextTokenizer padded = TextTokenizer.open(file)) {
      assertThat(padded.declaredLength()).isEmpty();
      assertThat(padded.encode("b a", NO_LIMIT)).containsExactly(1, 0);
    }
    Files.writeString(file, json.formatted(truncation, padding));
    try (TextTokenizer cut = TextTokenizer.open(file)) {
      assertThat(cut.declaredLength()).hasValue(12);
    }
    Files.writeString(file, json.formatted(truncation.replace("12", "131072"), padding));
    try (TextTokenizer longest = TextTokenizer.open(file)) {
      assertThat(longest.declaredLength()).hasValue(131_072);
    }
    for (String unbounded : List.of("131073", "2147483647", "9223372036854775807")) {
      Files.writeString(file, json.formatted(truncation.replace("12", unbounded), padding));
      try (TextTokenizer endless = TextTokenizer.open(file)) {
        assertThat(endless.declaredLength()).as(unbounded).isEmpty();
      }
    }
  }

  private static long[] encode(String text) {
    return tokenizer.encode(text, NO_LIMIT);
  }
}
