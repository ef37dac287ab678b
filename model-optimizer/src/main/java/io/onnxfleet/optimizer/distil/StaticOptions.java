package io.onnxfleet.optimizer.distil;

import io.onnxfleet.optimizer.OptimizerException;

/**
 * What table to make.
 *
 * @param dimensions of a vector, at least 1
 * @param weight a in {@code a / (a + p)}, above 0: the smaller, the less frequent tokens count
 */
public record StaticOptions(int dimensions, double weight) {
  public static final StaticOptions DEFAULT = new StaticOptions(256, 1e-4);

  public StaticOptions {
    if (dimensions < 1) {
      throw new OptimizerException("dimensions: " + dimensions + " (expected: >= 1)");
    }
    if (!(weight > 0)) {
      throw new OptimizerException("frequency weight: " + weight + " (expected: > 0)");
    }
  }
}
