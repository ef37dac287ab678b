package io.onnxfleet.engine.text;

import java.util.List;

/**
 * The answer to one call of a {@link TextEmbedder}.
 *
 * @param vectors one for each text in its order, never all zeros; theirs who asked
 * @param tokens of all texts, each counted once and with one set of special tokens, however many
 *     windows it was cut into
 * @param windows that each text was cut into, in their order
 * @param normalized true if vectors have length 1
 */
public record Embeddings(
    List<float[]> vectors, long tokens, List<Integer> windows, boolean normalized) {

  public Embeddings {
    vectors = List.copyOf(vectors);
    windows = List.copyOf(windows);
  }
}
