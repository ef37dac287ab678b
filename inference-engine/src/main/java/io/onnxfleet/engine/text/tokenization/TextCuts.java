package io.onnxfleet.engine.text.tokenization;

import ai.djl.huggingface.tokenizers.jni.CharSpan;
import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/**
 * Where a long text can be cut, so that the tokens of its pieces are those of the whole.
 *
 * <p>A tokenizer may put something before a text or strip its ends, take a run of white space for
 * one token, or know no words at all. So each cut is tried out: what stands around it is encoded
 * whole and in two, and a cut that makes a difference is not made. Between words the white space
 * may go with the cut: a tokenizer that begins each text with a space of its own makes the same of
 * that. Where no cut can be made the piece grows, up to a bound; what needs more is refused.
 *
 * <p>Thread-safe.
 */
final class TextCuts {
  /** How many times as long as usual a piece may become. */
  static final int LONGEST_PIECE = 8;

  /** Characters on each side of a cut that tell whether it makes a difference. */
  private static final int CONTEXT = 128;

  /** Of different rests, so that a run that is merged in twos, threes or eights shows it. */
  private static final List<Integer> CONTEXTS = List.of(CONTEXT, CONTEXT - 1, CONTEXT - 67);

  /** Places of one kind that are tried. */
  private static final int TRIES = 8;

  private final Function<String, Encoded> tokenizer;

  /**
   * Cuts for a tokenizer.
   *
   * @param tokenizer encodes a short text
   */
  TextCuts(Function<String, Encoded> tokenizer) {
    this.tokenizer = tokenizer;
  }

  /**
   * A text's tokens.
   *
   * @param words which of them are of one word, or empty if that is not known
   * @param spans where they stand, in code points; null where that is nowhere
   */
  @SuppressWarnings("ArrayRecordComponent") // not compared
  record Encoded(long[] ids, long[] words, @Nullable CharSpan[] spans) {}

  /**
   * A place to cut.
   *
   * @param end of the piece before it
   * @param next where the piece behind it begins: there, or behind a space
   * @param startShift code points that the first token behind it starts later than it does by
   *     itself; a space that it takes with it makes that -1
   * @param endShift the same of its end
   */
  record Cut(int end, int next, int startShift, int endShift) {}

  /**
   * Where the piece ends that begins at a place.
   *
   * @param piece characters that it should have at most
   * @throws InferenceException with {@link ErrorCode#INVALID_INPUT} if it would be too long
   */
  Cut after(String text, int from, int piece) {
    for (int pieces = 1; pieces <= LONGEST_PIECE; pieces++) {
      if (text.length() - from <= (long) pieces * piece) {
        return new Cut(text.length(), text.length(), 0, 0);
      }
      int furthest = from + pieces * piece;
      Cut cut = between(text, furthest - piece / 2, furthest);
      if (cut != null) {
        return cut;
      }
    }
    throw InferenceException.invalidInput(
        "%d characters without a place to cut them (expected: white space, or a text of <= %d;"
            + " this model's tokenizer would make other tokens of the parts)",
        LONGEST_PIECE * piece, LONGEST_PIECE * piece);
  }

  private @Nullable Cut between(String text, int least, int furthest) {
    Cut cut = tried(text, least, furthest, at -> isBetweenWords(text, at), false);
    if (cut == null) {
      cut = tried(text, least, furthest, at -> beginsSpace(text, at), false);
    }
    if (cut == null) {
      cut = tried(text, least, furthest, at -> endsPunctuation(text, at), true);
    }
    return cut == null ? tried(text, least, furthest, at -> !isInsidePair(text, at), true) : cut;
  }

  /** The last place of a kind that makes no difference. */
  private @Nullable Cut tried(
      String text, int least, int furthest, IntPredicate kind, boolean strictly) {
    int tries = 0;
    for (int at = furthest; at > least && tries < TRIES; at--) {
      if (!kind.test(at)) {
        continue;
      }
      tries++;
      Cut cut = cutWithoutDifference(text, at, at, strictly);
      if (cut == null && text.charAt(at) == ' ') {
        cut = cutWithoutDifference(text, at, at + 1, strictly);
      }
      if (cut != null) {
        return cut;
      }
    }
    return null;
  }

  private @Nullable Cut cutWithoutDifference(String text, int end, int next, boolean strictly) {
    Cut cut = null;
    for (int context : strictly ? CONTEXTS : CONTEXTS.subList(0, 1)) {
      cut = tried(text, end, next, context);
      if (cut == null) {
        return null;
      }
    }
    return cut;
  }

  private @Nullable Cut tried(String text, int end, int next, int context) {
    int first = Math.max(0, end - context);
    int last = Math.min(text.length(), next + CONTEXT);
    first = isInsidePair(text, first) ? first - 1 : first;
    last = isInsidePair(text, last) ? last - 1 : last;
    long[] before = tokenizer.apply(text.substring(first, end)).ids();
    Encoded apart = tokenizer.apply(text.substring(next, last));
    long[] behind = apart.ids();
    Encoded whole = tokenizer.apply(text.substring(first, last));
    int cut = before.length;
    boolean isSame =
        whole.ids().length == cut + behind.length
            && Arrays.equals(whole.ids(), 0, cut, before, 0, cut)
            && Arrays.equals(whole.ids(), cut, whole.ids().length, behind, 0, behind.length)
            && !isInsideWord(whole.words(), cut);
    if (!isSame) {
      return null;
    }
    CharSpan there = behind.length == 0 ? null : whole.spans()[cut];
    CharSpan here = behind.length == 0 ? null : apart.spans()[0];
    if (there == null || here == null) {
      return new Cut(end, next, 0, 0);
    }
    int offset = text.codePointCount(first, next);
    return new Cut(
        end,
        next,
        there.getStart() - offset - here.getStart(),
        there.getEnd() - offset - here.getEnd());
  }

  private static boolean isInsideWord(long[] words, int token) {
    return token > 0
        && token < words.length
        && words[token] >= 0
        && words[token] == words[token - 1];
  }

  private static boolean isBetweenWords(String text, int at) {
    return text.charAt(at) == ' '
        && Character.isLetterOrDigit(text.charAt(at - 1))
        && at + 1 < text.length()
        && Character.isLetterOrDigit(text.charAt(at + 1));
  }

  private static boolean beginsSpace(String text, int at) {
    return Character.isWhitespace(text.charAt(at)) && !Character.isWhitespace(text.charAt(at - 1));
  }

  private static boolean endsPunctuation(String text, int at) {
    char before = text.charAt(at - 1);
    return !Character.isLetterOrDigit(before)
        && !Character.isWhitespace(before)
        && !Character.isSurrogate(before)
        && Character.isLetterOrDigit(text.charAt(at));
  }

  private static boolean isInsidePair(String text, int at) {
    return at > 0
        && at < text.length()
        && Character.isHighSurrogate(text.charAt(at - 1))
        && Character.isLowSurrogate(text.charAt(at));
  }
}
