package io.onnxfleet.engine.text.tokenization;

import io.onnxfleet.engine.error.InferenceException;
import java.util.ArrayList;
import java.util.List;

/**
 * Keeps words from a tokenizer that would cost it far more than their length. WordPiece looks up
 * every part of a word that is not too long for it, in time that grows with the third power; a word
 * that is too long is one unknown token, however long it is. Immutable.
 *
 * <p>All others (BPE, Unigram) take time in proportion to a piece's length.
 */
final class LongWords {
  /** What tokenizers declare. */
  static final int USUAL_LONGEST = 100;

  /** Characters that are taken apart in milliseconds. */
  static final int LONGEST_TAKEN_APART = 512;

  /** What is left of a word that is unknown for its length. */
  static final int LEFT = 2 * LONGEST_TAKEN_APART;

  private static final int ASCII = 0x80;

  /** Characters that are looked at in one go. */
  private static final int BLOCK = 1 << 10;

  static final LongWords AS_THEY_ARE = new LongWords(false, false);

  private final boolean refuses;
  private final boolean shortens;

  /** What {@link #belongsByCharacter} says of these, looked up: long texts are mostly ASCII. */
  private final boolean[] asciiBelongs = new boolean[ASCII];

  private LongWords(boolean refuses, boolean shortens) {
    this.refuses = refuses;
    this.shortens = shortens;
    for (int letter = 0; letter < ASCII; letter++) {
      asciiBelongs[letter] = belongsByCharacter(letter);
    }
  }

  /**
   * Those of WordPiece.
   *
   * @param longest characters of a word that it takes apart
   * @param isBert true if words end where BERT's do: at anything but letters, digits and marks
   */
  static LongWords ofWordPiece(int longest, boolean isBert) {
    boolean refuses = longest > LONGEST_TAKEN_APART;
    return new LongWords(refuses, !refuses && isBert);
  }

  /**
   * The text, or one of the same tokens: where a run of letters and digits is longer than any word
   * that is known, its rest is left out.
   *
   * @throws InferenceException if there is a word that would be taken apart for too long
   */
  Bounded bounded(String text) {
    if ((!refuses && !shortens) || text.length() <= LEFT) {
      return new Bounded(text, List.of());
    }
    StringBuilder kept = null;
    List<Gap> gaps = new ArrayList<>();
    int copied = 0;
    int keptLetters = 0;
    int run = 0;
    int at = 0;
    while (at < text.length()) {
      int letter = letterAt(text, at);
      run = belongs(letter) ? run + 1 : 0;
      if (run > LONGEST_TAKEN_APART && refuses) {
        throw InferenceException.invalidInput(
            "a word of more than %d characters (expected: <= %d; this model's tokenizer takes words"
                + " apart in time that grows with the third power)",
            LONGEST_TAKEN_APART, LONGEST_TAKEN_APART);
      }
      if (run == LEFT && shortens) {
        int end = endOfRun(text, at);
        kept = kept == null ? new StringBuilder() : kept;
        kept.append(text, copied, at);
        keptLetters += text.codePointCount(copied, at);
        gaps.add(new Gap(keptLetters, text.codePointCount(at, end)));
        copied = end;
        at = end;
        run = 0;
      } else {
        at += Character.charCount(letter);
      }
    }
    return new Bounded(
        kept == null ? text : kept.append(text, copied, text.length()).toString(), gaps);
  }

  /** Of a text that many code points were left out at a place, counted in what is left. */
  record Gap(int at, int length) {}

  /** A text without what was left out of it. */
  record Bounded(String text, List<Gap> gaps) {
    /** A place of the whole text. What was left out belongs to the token that ends where it was. */
    int place(int bounded) {
      int place = bounded;
      for (Gap gap : gaps) {
        if (gap.at() > bounded) {
          break;
        }
        place += gap.length();
      }
      return place;
    }
  }

  /** Copies blocks of the text: the loop over one looks up letters of ASCII and nothing else. */
  private int endOfRun(String text, int from) {
    char[] block = new char[BLOCK];
    int at = from;
    while (at < text.length()) {
      int count = Math.min(BLOCK, text.length() - at);
      text.getChars(at, at + count, block, 0);
      int index = 0;
      while (index < count) {
        char first = block[index];
        int letter = first < ASCII ? first : text.codePointAt(at + index);
        if (!belongs(letter)) {
          return at + index;
        }
        index += Character.charCount(letter);
      }
      at += index;
    }
    return at;
  }

  /** {@link String#codePointAt}, for less where it is ASCII. */
  private static int letterAt(String text, int at) {
    char first = text.charAt(at);
    return first < ASCII ? first : text.codePointAt(at);
  }

  /** True of what stays one or more characters of one word, whatever the normalizer does. */
  private boolean belongs(int letter) {
    return letter < ASCII ? asciiBelongs[letter] : belongsByCharacter(letter);
  }

  private boolean belongsByCharacter(int letter) {
    return shortens
        ? Character.isLetterOrDigit(letter) && !Character.isIdeographic(letter)
        : !Character.isWhitespace(letter);
  }
}
