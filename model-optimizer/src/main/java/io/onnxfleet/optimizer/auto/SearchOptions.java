package io.onnxfleet.optimizer.auto;

import io.onnxfleet.optimizer.OptimizerException;

/**
 * How to search.
 *
 * @param target what to be best at
 * @param maxLoss of quality, from 0 to 1
 * @param batch rows of a batch when throughput is measured
 * @param rounds in which a candidate and the original take turns
 * @param staticStudent whether a table of the tokens' vectors is among the candidates
 * @param seed for what is made at random
 */
public record SearchOptions(
    Target target, double maxLoss, int batch, int rounds, boolean staticStudent, long seed) {
  public SearchOptions {
    if (!(maxLoss >= 0 && maxLoss <= 1)) {
      throw new OptimizerException("max loss: " + maxLoss + " (expected: 0 to 1)");
    }
    requirePositive("batch", batch);
    requirePositive("rounds", rounds);
  }

  private static void requirePositive(String what, int value) {
    if (value < 1) {
      throw new OptimizerException("%s: %d (expected: >= 1)".formatted(what, value));
    }
  }
}
