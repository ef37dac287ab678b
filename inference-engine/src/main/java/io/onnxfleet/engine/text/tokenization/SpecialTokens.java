package io.onnxfleet.engine.text.tokenization;

import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/**
 * What a tokenizer puts around the tokens of one text.
 *
 * @param prefix before the text, such as {@code [CLS]}
 * @param suffix behind it, such as {@code [SEP]}
 * @param prefixTypes the token types of the prefix
 * @param textType the token type of every token of the text
 * @param suffixTypes the token types of the suffix
 * @param names those of the prefix and then of the suffix; empty where a text is among them
 */
@SuppressWarnings("ArrayRecordComponent") // inside the engine, and never written
public record SpecialTokens(
    long[] prefix,
    long[] suffix,
    long[] prefixTypes,
    long textType,
    long[] suffixTypes,
    List<String> names) {

  public SpecialTokens {
    names = List.copyOf(names);
  }

  public int count() {
    return prefix.length + suffix.length;
  }

  /** True if ids begin with the prefix and end with the suffix, and there is one of them at all. */
  public boolean encloses(int[] ids) {
    if (count() == 0 || ids.length < count()) {
      return false;
    }
    for (int index = 0; index < prefix.length; index++) {
      if (ids[index] != prefix[index]) {
        return false;
      }
    }
    for (int index = 0; index < suffix.length; index++) {
      if (ids[ids.length - suffix.length + index] != suffix[index]) {
        return false;
      }
    }
    return true;
  }

  /**
   * Read off an encoded text of at least one token.
   *
   * @param special 1 for a special token, 0 for one of the text
   */
  static SpecialTokens of(long[] ids, long[] types, long[] special, String... tokens) {
    int start = 0;
    while (start < ids.length && special[start] == 1) {
      start++;
    }
    if (start == ids.length) {
      throw new IllegalArgumentException("no token for a letter");
    }
    int end = ids.length;
    while (special[end - 1] == 1) {
      end--;
    }
    return new SpecialTokens(
        Arrays.copyOf(ids, start),
        Arrays.copyOfRange(ids, end, ids.length),
        Arrays.copyOf(types, start),
        types[start],
        Arrays.copyOfRange(types, end, ids.length),
        Stream.concat(
                Arrays.stream(tokens).limit(start),
                Arrays.stream(tokens).skip(Math.min(end, tokens.length)))
            .toList());
  }
}
