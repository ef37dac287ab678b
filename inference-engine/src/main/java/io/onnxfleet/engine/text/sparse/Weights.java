package io.onnxfleet.engine.text.sparse;

import java.util.List;

/**
 * What each text weighs.
 *
 * @param vectors in the texts' order
 * @param tokens of all texts
 * @param windows that each text was cut into, in their order
 */
public record Weights(List<SparseVector> vectors, long tokens, List<Integer> windows) {
  public Weights {
    vectors = List.copyOf(vectors);
    windows = List.copyOf(windows);
  }
}
