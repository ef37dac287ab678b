package io.onnxfleet.engine.text.tokenization;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Where tokens stand, in code points, with a real tokenizer. */
class TokenPlacesTest {
  private final TextTokenizer tokenizer = TextTokenizer.open(MiniLm.TOKENIZER);

  @AfterEach
  void close() {
    tokenizer.close();
  }

  @Test
  void places_countCodePoints_behindEmojiMarksAndLineEnds() {
    String text = "\uD83D\uDE80 cafe\u0301\r\nna\u00EFve \uD83D\uDC68\u200D\uD83D\uDC69 end";

    // The accent is taken off before a token is cut out, so that it stands in none.
    assertThat(words(text)).contains("cafe", "na\u00EFve", "end");
    assertThat(words(text).getFirst()).isEqualTo("\uD83D\uDE80");
  }

  @Test
  void places_areThoseOfTheWholeText_whateverPieceItWasEncodedIn() {
    String text = "lighthouse \uD83D\uDE80 ".repeat(6_000) + "lastword";

    List<String> words = words(text);

    assertThat(words.subList(0, words.size() - 2)).contains("lighthouse", "\uD83D\uDE80");
    assertThat(String.join("", words.subList(words.size() - 2, words.size())))
        .isEqualTo("lastword");
    assertThat(new HashSet<>(words.subList(0, 12_000)))
        .containsExactlyInAnyOrder("lighthouse", "\uD83D\uDE80");
  }

  @Test
  void places_areRight_behindHalfASurrogatePair() {
    String text = "\uD83D hello \uD83D\uDE80 world";

    assertThat(words(text)).containsExactly("hello", "\uD83D\uDE80", "world");
  }

  /** Of which only a part is given to the tokenizer. */
  @Test
  void places_ofALongWord_holdAllOfIt_andWhatFollowsIsWhereItIs() {
    String word = "a".repeat(1_000_000);
    TextTokenizer.Pieces pieces = encoded("\uD83D\uDE80 " + word + " end of it");
    TokenPlaces places = pieces.places();

    assertThat(pieces.tokens()).hasSize(5);
    assertThat(places.starts()).containsExactly(0, 2, 1_000_003, 1_000_007, 1_000_010);
    assertThat(places.ends()).containsExactly(1, 1_000_002, 1_000_006, 1_000_009, 1_000_012);
  }

  @Test
  void words_areOneNumber_forAllOfTheirTokens() {
    TokenPlaces places = encoded("extraordinarily quiet lighthouses").places();

    assertThat(places.words()).isSorted().startsWith(0);
    assertThat(places.words()[places.words().length - 1]).isEqualTo(2);
  }

  /** The library takes a whole text for one word then. */
  @Test
  void words_endAtWhiteSpace_whereTheTokenizerHasNoPreTokenizer(@TempDir Path folder)
      throws IOException {
    assertWordsEndAtWhiteSpace(folder, "null", " ");
  }

  /** As Llama's and Gemma's do not. */
  @Test
  void words_endAtWhiteSpace_whereThePreTokenizerDoesNotCutThere(@TempDir Path folder)
      throws IOException {
    assertWordsEndAtWhiteSpace(
        folder,
        """
        {"type":"Metaspace","replacement":"\u2581","prepend_scheme":"never","split":false}""",
        "\u2581");
    assertWordsEndAtWhiteSpace(folder, "{\"type\":\"Digits\",\"individual_digits\":true}", " ");
  }

  /**
   * Of a few words.
   *
   * @param space how the vocabulary writes it
   */
  private static void assertWordsEndAtWhiteSpace(Path folder, String preTokenizer, String space)
      throws IOException {
    Path file = folder.resolve(TextTokenizer.FILE_NAME);
    Files.writeString(
        file,
        """
        {"version":"1.0","pre_tokenizer":%s,"model":{"type":"Unigram","unk_id":0,
         "vocab":[["<unk>",-9.0],["%s",-1.0],["Ada",-1.0],["Love",-1.0],["lace",-1.0],
         ["%slived",-1.0]]}}
        """
            .formatted(preTokenizer, space, space));
    try (TextTokenizer plain = TextTokenizer.open(file)) {
      TextTokenizer.Pieces pieces =
          plain.pieces("Ada Lovelace lived\uD83D\uDE80", Integer.MAX_VALUE, true);
      pieces.advance();

      assertThat(pieces.tokens()).containsExactly(2, 1, 3, 4, 5, 0);
      assertThat(pieces.places().words()).containsExactly(0, 1, 2, 2, 3, 3);
    }
  }

  @Test
  void framing_isWhatStandsAroundTheSecondOfAPair() {
    SpecialTokens frame = tokenizer.framing(new long[] {7, 8});

    assertThat(frame.prefix()).containsExactly(101, 7, 8, 102);
    assertThat(frame.prefixTypes()).containsExactly(0, 0, 0, 0);
    assertThat(frame.textType()).isEqualTo(1);
    assertThat(frame.suffix()).containsExactly(102);
    assertThat(frame.suffixTypes()).containsExactly(1);
    assertThat(tokenizer.specialTokens().names()).containsExactly("[CLS]", "[SEP]");
  }

  @Test
  void decode_givesTheTextBack() {
    long[] ids = tokenizer.encode("hello world", 10);

    assertThat(tokenizer.decode(ids, true)).isEqualTo("hello world");
    assertThat(tokenizer.decode(new long[] {101, 7592, 102}, false)).contains("[CLS]");
    assertThat(tokenizer.decode(new long[] {101, 7592, 102}, true)).isEqualTo("hello");
  }

  private List<String> words(String text) {
    TokenPlaces places = encoded(text).places();
    int[] points = text.codePoints().toArray();
    List<String> words = new ArrayList<>();
    for (int token = 0; token < places.starts().length; token++) {
      words.add(
          new String(
              points, places.starts()[token], places.ends()[token] - places.starts()[token]));
    }
    return words;
  }

  private TextTokenizer.Pieces encoded(String text) {
    TextTokenizer.Pieces pieces = tokenizer.pieces(text, Integer.MAX_VALUE, true);
    while (!pieces.isDone()) {
      pieces.advance();
    }
    return pieces;
  }
}
