package io.onnxfleet.engine.text.tokenization;

import java.util.Arrays;

/**
 * Where tokens stand in their text, in Unicode code points, and of which word each is a part.
 *
 * @param starts first code point of each token
 * @param ends one behind its last
 * @param words number of its word, ascending from 0
 */
@SuppressWarnings("ArrayRecordComponent") // inside the engine, and never written
public record TokenPlaces(int[] starts, int[] ends, int[] words) {
  public static final TokenPlaces NONE = new TokenPlaces(new int[0], new int[0], new int[0]);

  /** Those of the first tokens. */
  public TokenPlaces upTo(int tokens) {
    return new TokenPlaces(
        Arrays.copyOf(starts, tokens), Arrays.copyOf(ends, tokens), Arrays.copyOf(words, tokens));
  }
}
