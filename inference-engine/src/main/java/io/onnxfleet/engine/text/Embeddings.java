package io.onnxfleet.engine.text;

import java.util.List;

/**
 * The answer to one call of a {@link TextEmbedder}.
 *
 * @param vectors one for each text in its order, of length 1 unless all zeros; theirs who asked
 * @param tokens of all texts, each counted once and with one set of special tokens, however many
 *     windows it was cut into
 */
public record Embeddings(List<float[]> vectors, long tokens) {

  public Embeddings {
    vectors = List.copyOf(vectors);
  }
}
