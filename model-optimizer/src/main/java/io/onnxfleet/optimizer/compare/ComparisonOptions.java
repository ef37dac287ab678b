package io.onnxfleet.optimizer.compare;

import io.onnxfleet.optimizer.OptimizerException;
import io.onnxfleet.optimizer.runtime.SessionSettings;
import java.util.List;
import java.util.OptionalInt;

/**
 * How to compare.
 *
 * @param batchSizes at which speed is measured; none to leave it out
 * @param tokens of every row, where the models take text; empty to take the samples' lengths
 * @param rounds in which the models take turns, at least 1
 */
public record ComparisonOptions(
    List<Integer> batchSizes, OptionalInt tokens, int rounds, SessionSettings settings) {
  public static final ComparisonOptions DEFAULT =
      new ComparisonOptions(List.of(1, 8), OptionalInt.empty(), 9, SessionSettings.DEFAULT);

  public ComparisonOptions {
    batchSizes = List.copyOf(batchSizes);
    for (int size : batchSizes) {
      requirePositive("batch size", size);
    }
    tokens.ifPresent(length -> requirePositive("tokens", length));
    requirePositive("rounds", rounds);
  }

  private static void requirePositive(String what, int value) {
    if (value < 1) {
      throw new OptimizerException("%s: %d (expected: >= 1)".formatted(what, value));
    }
  }
}
