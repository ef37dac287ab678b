package io.onnxfleet.optimizer.sample;

import io.onnxfleet.optimizer.runtime.TensorValue;
import java.util.List;

/**
 * Inputs to measure with.
 *
 * @param origin where they come from, for reports
 * @param samples each the inputs of one run
 */
public record SampleSet(String origin, List<List<TensorValue>> samples) {
  public SampleSet {
    samples = samples.stream().map(List::copyOf).toList();
    if (samples.isEmpty()) {
      throw new IllegalArgumentException(origin + ": no samples (expected: at least one)");
    }
  }

  public int size() {
    return samples.size();
  }
}
