package io.onnxfleet.engine.text.tokenization;

import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import java.util.Arrays;
import java.util.List;

/**
 * What a tokenizer puts around the tokens of a pair of texts.
 *
 * @param around the first text's start and the second's end; the type is the second's
 * @param firstType the token type of every token of the first text
 * @param middle between the two texts
 * @param middleTypes the token types of these
 */
@SuppressWarnings("ArrayRecordComponent") // inside the engine, and never written
record PairTokens(SpecialTokens around, long firstType, long[] middle, long[] middleTypes) {

  /** What stands around the second text of a pair, the first one's tokens included. */
  SpecialTokens framing(long[] first) {
    long[] types = new long[first.length];
    Arrays.fill(types, firstType);
    return new SpecialTokens(
        joined(around.prefix(), first, middle),
        around.suffix(),
        joined(around.prefixTypes(), types, middleTypes),
        around.textType(),
        around.suffixTypes(),
        List.of());
  }

  /**
   * Read off the encoding of a pair of equal texts.
   *
   * @param special 1 for a special token, 0 for one of a text
   * @param ofText how many tokens each of the two has
   */
  static PairTokens of(long[] ids, long[] types, long[] special, int ofText) {
    int first = 0;
    while (first < ids.length && special[first] == 1) {
      first++;
    }
    int second = ids.length;
    while (second > 0 && special[second - 1] == 1) {
      second--;
    }
    int end = second;
    second -= ofText;
    int middle = first + ofText;
    if (ofText < 1 || second < middle) {
      throw new InferenceException(
          ErrorCode.UNSUPPORTED_FEATURE, "the tokenizer has no form for pairs of texts");
    }
    return new PairTokens(
        new SpecialTokens(
            Arrays.copyOf(ids, first),
            Arrays.copyOfRange(ids, end, ids.length),
            Arrays.copyOf(types, first),
            types[second],
            Arrays.copyOfRange(types, end, ids.length),
            List.of()),
        types[first],
        Arrays.copyOfRange(ids, middle, second),
        Arrays.copyOfRange(types, middle, second));
  }

  private static long[] joined(long[]... parts) {
    return Arrays.stream(parts).flatMapToLong(Arrays::stream).toArray();
  }
}
