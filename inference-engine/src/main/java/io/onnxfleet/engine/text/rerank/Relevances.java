package io.onnxfleet.engine.text.rerank;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/**
 * How relevant each document is.
 *
 * @param ofDocuments in their order
 * @param tokens of query and documents; where a model reads both together, the query's with each
 * @param windows that each document was cut into, in their order
 */
public record Relevances(List<Relevance> ofDocuments, long tokens, List<Integer> windows) {

  public Relevances {
    ofDocuments = List.copyOf(ofDocuments);
    windows = List.copyOf(windows);
  }

  /**
   * Of one document, by its best window.
   *
   * @param raw a finite number: the larger, the more
   * @param score 0 to 1, in the same order
   */
  public record Relevance(double raw, double score) {}

  /** The documents' numbers, the most relevant first, equal ones by number. */
  public List<Integer> ranked() {
    List<Integer> ranked = new ArrayList<>(IntStream.range(0, ofDocuments.size()).boxed().toList());
    ranked.sort(
        Comparator.comparingDouble((Integer index) -> ofDocuments.get(index).score())
            .thenComparingDouble(index -> ofDocuments.get(index).raw())
            .reversed()
            .thenComparing(Comparator.naturalOrder()));
    return ranked;
  }
}
