package io.onnxfleet.engine.text.tokenization;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A text in pieces against the library, which encodes it whole, with tokenizers of all kinds. */
class TextCutsTest {
  private static final int NO_LIMIT = Integer.MAX_VALUE;
  private static final int PIECE = 500;
  private static final int SEEDS = 8;

  private static final String PREPEND =
      """
      {"type":"Sequence","normalizers":[{"type":"Prepend","prepend":"\u2581"},
       {"type":"Replace","pattern":{"String":" "},"content":"\u2581"}]}""";

  /** As llama's: no word is known, and each text begins with a space of its own. */
  private static final String LLAMA = file(PREPEND, "null", pairs("\u2581", "\u2581", ""));

  @TempDir private static Path folder;

  private static Map<String, String> tokenizers() {
    Map<String, String> files = new TreeMap<>();
    files.put("llama", LLAMA);
    files.put("unigram that knows no words", file(PREPEND, "null", unigram()));
    for (String scheme : List.of("always", "first", "never")) {
      files.put(
          "metaspace " + scheme,
          file(
              "null",
              """
              {"type":"Metaspace","replacement":"\u2581","prepend_scheme":"%s","split":true}"""
                  .formatted(scheme),
              unigram()));
    }
    files.put(
        "stripped, as xlm-roberta's",
        file(
            """
            {"type":"Sequence","normalizers":[{"type":"NFKC"},
             {"type":"Strip","strip_left":true,"strip_right":true},
             {"type":"Replace","pattern":{"Regex":" {2,}"},"content":"\u2581"}]}""",
            """
            {"type":"Sequence","pretokenizers":[{"type":"WhitespaceSplit"},
             {"type":"Metaspace","replacement":"\u2581","prepend_scheme":"always","split":true}]}""",
            unigram()));
    for (boolean prefix : new boolean[] {true, false}) {
      files.put(
          "bytes, prefix " + prefix,
          file("null", bytes(prefix, true), pairs("\u0120", "\u010a", "")));
      files.put(
          "stripped bytes, prefix " + prefix,
          file(
              "{\"type\":\"Strip\",\"strip_left\":true,\"strip_right\":true}",
              bytes(prefix, true),
              pairs("\u0120", "\u010a", "")));
    }
    files.put(
        "bytes with a pattern of their own",
        file(
            "null",
            """
            {"type":"Sequence","pretokenizers":[{"type":"Split","behavior":"Isolated","invert":false,
             "pattern":{"Regex":"[^\\\\r\\\\n\\\\p{L}\\\\p{N}]?\\\\p{L}+|\\\\p{N}| ?[^\\\\s\\\\p{L}\\\\p{N}]+[\\\\r\\\\n]*|\\\\s*[\\\\r\\\\n]|\\\\s+(?!\\\\S)|\\\\s+"}},
             %s]}"""
                .formatted(bytes(false, false)),
            pairs("\u0120", "\u010a", "")));
    files.put(
        "words",
        file(
            "null",
            "{\"type\":\"Whitespace\"}",
            """
            {"type":"WordLevel","vocab":{"<unk>":0,"ab":1,"a":2,"b":3,"cab":4},"unk_token":"<unk>"}"""));
    return files;
  }

  private static String file(String normalizer, String preTokenizer, String model) {
    return """
        {"version":"1.0","added_tokens":[],"normalizer":%s,"pre_tokenizer":%s,"model":%s}"""
        .formatted(normalizer, preTokenizer, model);
  }

  private static String bytes(boolean prefix, boolean pattern) {
    return """
        {"type":"ByteLevel","add_prefix_space":%s,"trim_offsets":false,"use_regex":%s}"""
        .formatted(prefix, pattern);
  }

  /** Byte pairs, of which the spaces' and those of some words are merged. */
  private static String pairs(String space, String line, String suffix) {
    List<String> tokens = new ArrayList<>(List.of("<unk>"));
    for (char letter = 'a'; letter <= 'f'; letter++) {
      tokens.add(String.valueOf(letter));
    }
    tokens.addAll(List.of(space, line, ".", ",", "1", "2"));
    List<String[]> merges =
        List.of(
            new String[] {"a", "b"},
            new String[] {space, "c"},
            new String[] {space, space},
            new String[] {space, "ab"},
            new String[] {"d", "d"},
            new String[] {"dd", "dd"},
            new String[] {".", line},
            new String[] {line, line},
            new String[] {"c", "ab"});
    StringBuilder listed = new StringBuilder();
    for (String[] merge : merges) {
      tokens.add(merge[0] + merge[1]);
      listed
          .append(listed.isEmpty() ? "" : ",")
          .append("[\"%s\",\"%s\"]".formatted(merge[0], merge[1]));
    }
    StringBuilder vocabulary = new StringBuilder();
    for (int token = 0; token < tokens.size(); token++) {
      vocabulary
          .append(token == 0 ? "" : ",")
          .append("\"%s\":%d".formatted(tokens.get(token), token));
    }
    return """
        {"type":"BPE","unk_token":"<unk>","fuse_unk":true,"byte_fallback":false,"vocab":{%s},
         "merges":[%s]%s}"""
        .formatted(vocabulary, listed, suffix);
  }

  private static String unigram() {
    List<String> tokens =
        List.of(
            "\u2581",
            "a",
            "b",
            "c",
            "d",
            "e",
            "f",
            ".",
            ",",
            "1",
            "2",
            "ab",
            "\u2581ab",
            "\u2581c",
            "\u2581\u2581",
            "dd",
            "dddd",
            "cab",
            "f.",
            "\u4e00",
            "\u4e00\u4e8c");
    StringBuilder listed = new StringBuilder("[\"<unk>\",-20.0]");
    for (int token = 0; token < tokens.size(); token++) {
      listed.append(",[\"%s\",%s]".formatted(tokens.get(token), -2.0 - token % 7));
    }
    return "{\"type\":\"Unigram\",\"unk_id\":0,\"vocab\":[%s]}".formatted(listed);
  }

  /** Words, runs of white space, lines, signs, letters of no vocabulary. */
  private static String text(Random random, int length) {
    String[] words = {"ab", "c", "cab", "dddd", "ddd", "f.", "abcdef", "12", "e", "\u4e00\u4e8c"};
    String[] gaps = {" ", " ", " ", "  ", "   ", "\n", ".\n\n", ", ", "\t", " \n ", ""};
    String[] rare = {"\uD83D\uDE00", "e\u0301", "\u00a0", "\u3000", "\uD83D", "\u0001", "\u00c4"};
    StringBuilder text = new StringBuilder();
    while (text.length() < length) {
      text.append(words[random.nextInt(words.length)]).append(gaps[random.nextInt(gaps.length)]);
      if (random.nextInt(20) == 0) {
        text.append(rare[random.nextInt(rare.length)]);
      }
    }
    return text.toString();
  }

  @Test
  void pieces_areTheWhole_withEachKindOfTokenizer() {
    tokenizers().forEach(TextCutsTest::assertPiecesAreTheWhole);
  }

  @Test
  void pieces_areTheWhole_withTheDefaultModels() {
    try (TextTokenizer tokenizer = TextTokenizer.open(MiniLm.TOKENIZER)) {
      assertPiecesAreTheWhole("all-minilm-l6-v2", tokenizer);
    }
  }

  private static void assertPiecesAreTheWhole(String kind, String json) {
    try (TextTokenizer tokenizer = TextTokenizer.open(written(json))) {
      assertPiecesAreTheWhole(kind, tokenizer);
    }
  }

  private static void assertPiecesAreTheWhole(String kind, TextTokenizer tokenizer) {
    for (int seed = 0; seed < SEEDS; seed++) {
      Random random = new Random(seed);
      String text = text(random, 3 * PIECE + random.nextInt(6 * PIECE));
      TextTokenizer.Pieces whole = done(tokenizer.pieces(text, NO_LIMIT, true, NO_LIMIT));
      TextTokenizer.Pieces pieces = tokenizer.pieces(text, NO_LIMIT, true, PIECE);
      int count = 0;
      while (!pieces.isDone()) {
        // And the space behind it, which may be in none.
        assertThat(pieces.advance()).isLessThanOrEqualTo(TextCuts.LONGEST_PIECE * PIECE + 1);
        count++;
      }
      assertThat(count).as(kind).isGreaterThan(1);
      assertThat(pieces.tokens()).as("%s, seed %d", kind, seed).isEqualTo(whole.tokens());
      assertThat(pieces.places())
          .as("%s, seed %d", kind, seed)
          .usingRecursiveComparison()
          .isEqualTo(whole.places());
    }
  }

  private static TextTokenizer.Pieces done(TextTokenizer.Pieces pieces) {
    while (!pieces.isDone()) {
      pieces.advance();
    }
    return pieces;
  }

  /** The prefix stood once for each piece before, and cost no error. */
  @Test
  void encode_isTheLibrarys_whereEachTextGetsAPrefix() throws IOException {
    String text = "ab cab c, ".repeat(12_000);
    TokenizersLibrary library = TokenizerLibrary.load();
    long handle = library.createTokenizerFromString(LLAMA);
    long encoding = library.encode(handle, text, false);
    try (TextTokenizer tokenizer = TextTokenizer.open(written(LLAMA))) {
      assertThat(text.length()).isGreaterThan(3 * TextTokenizer.PIECE);
      assertThat(tokenizer.encode(text, NO_LIMIT)).isEqualTo(library.getTokenIds(encoding));
    } finally {
      library.deleteEncoding(encoding);
      library.deleteTokenizer(handle);
    }
  }

  /** Its prefix is none that white space could stand for. */
  @Test
  void encode_cutsNothing_whereEachCutWouldMakeOtherTokens() {
    String json =
        file("{\"type\":\"Prepend\",\"prepend\":\"b\"}", "null", pairs("\u2581", "_", ""));
    try (TextTokenizer tokenizer = TextTokenizer.open(written(json))) {
      String text = "ab c ".repeat(600);
      long[] whole = done(tokenizer.pieces(text, NO_LIMIT, false, NO_LIMIT)).tokens();

      assertThat(done(tokenizer.pieces(text, NO_LIMIT, false, PIECE)).tokens()).isEqualTo(whole);

      TextTokenizer.Pieces tooLong =
          tokenizer.pieces("ab c ".repeat(PIECE * 8 / 5 + 1), NO_LIMIT, false, PIECE);
      assertThatExceptionOfType(InferenceException.class)
          .isThrownBy(() -> done(tooLong))
          .withMessageStartingWith("4000 characters without a place to cut them")
          .returns(ErrorCode.INVALID_INPUT, InferenceException::code);
    }
  }

  @Test
  void encode_keepsARunWhole_whereItIsMergedInTwosAndFours() {
    try (TextTokenizer tokenizer = TextTokenizer.open(written(LLAMA))) {
      for (int length = 3 * PIECE; length < 3 * PIECE + 9; length++) {
        String text = "d".repeat(length);
        assertThat(done(tokenizer.pieces(text, NO_LIMIT, false, PIECE)).tokens())
            .as("%d letters", length)
            .isEqualTo(done(tokenizer.pieces(text, NO_LIMIT, false, NO_LIMIT)).tokens());
      }
    }
  }

  private static Path written(String json) {
    try {
      return Files.writeString(folder.resolve("tokenizer.json"), json);
    } catch (IOException unwritable) {
      throw new UncheckedIOException(unwritable);
    }
  }
}
