package io.onnxfleet.engine.text.tokenization;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** What of a long word the tokenizer sees. */
class LongWordsTest {
  private static final List<String> LETTERS =
      List.of("a", "Z", "7", "\u00E9", "\u0416", "\u4E2D", "\uD835\uDC00", "\uD83D", " ", ".", "_");

  private final LongWords bert = LongWords.ofWordPiece(LongWords.USUAL_LONGEST, true);

  @Test
  void bounded_leavesTheStart_ofAWordOfAMillionCharacters() {
    LongWords.Bounded bounded = bert.bounded("a".repeat(1_000_000));

    assertThat(bounded.text()).hasSize(LongWords.LEFT - 1);
    assertThat(bounded.place(LongWords.LEFT - 1)).isEqualTo(1_000_000);
  }

  @Test
  void bounded_isTheSameText_whereNoWordIsLong() {
    String text = "an ordinary sentence, ".repeat(1_000);

    assertThat(bert.bounded(text).text()).isSameAs(text);
  }

  /** Against each code point looked up by itself. */
  @Test
  void bounded_isAsTheDefinitionSays_forLettersOfAllKinds() {
    Random random = new Random(20_261_130);
    for (int round = 0; round < 300; round++) {
      StringBuilder text = new StringBuilder();
      while (text.length() < 6_000) {
        String letter = LETTERS.get(random.nextInt(LETTERS.size()));
        text.append(letter.repeat(random.nextInt(4) == 0 ? random.nextInt(3_000) : 3));
      }

      assertThat(bert.bounded(text.toString()).text())
          .as("round %d", round)
          .isEqualTo(shortened(text.toString()));
    }
  }

  @Test
  void bounded_refuses_whereWordsOfAnyLengthAreTakenApart() {
    LongWords patient = LongWords.ofWordPiece(100_000, true);

    assertThat(patient.bounded("a b, ".repeat(1_000)).gaps()).isEmpty();
    assertThatExceptionOfType(InferenceException.class)
        .isThrownBy(() -> patient.bounded("a.\u00E9\u4E2D".repeat(1_000)))
        .returns(ErrorCode.INVALID_INPUT, InferenceException::code);
  }

  private static String shortened(String text) {
    StringBuilder kept = new StringBuilder();
    int[] letters = text.codePoints().toArray();
    for (int at = 0, run = 0; at < letters.length; at++) {
      run = belongs(letters[at]) ? run + 1 : 0;
      if (run < LongWords.LEFT) {
        kept.appendCodePoint(letters[at]);
      }
    }
    return kept.toString();
  }

  private static boolean belongs(int letter) {
    return Character.isLetterOrDigit(letter) && !Character.isIdeographic(letter);
  }
}
