package io.onnxfleet.engine.text.tokenvectors;

import java.util.List;

/**
 * A vector for each token, special ones included.
 *
 * @param vectors of each text, in the order of its tokens; never written
 * @param tokens of all texts
 * @param windows that each text was cut into
 */
public record TokenEmbeddings(List<float[][]> vectors, long tokens, List<Integer> windows) {
  public TokenEmbeddings {
    vectors = List.copyOf(vectors);
    windows = List.copyOf(windows);
  }

  /** What the vectors take in memory. */
  public long bytes() {
    long numbers = 0;
    for (float[][] text : vectors) {
      numbers += text.length == 0 ? 0 : (long) text.length * text[0].length;
    }
    return numbers * Float.BYTES;
  }
}
