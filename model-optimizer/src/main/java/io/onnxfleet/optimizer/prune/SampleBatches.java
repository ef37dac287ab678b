package io.onnxfleet.optimizer.prune;

import io.onnxfleet.optimizer.graph.Tensor;
import io.onnxfleet.optimizer.runtime.InputSpec;
import io.onnxfleet.optimizer.runtime.TensorValue;
import io.onnxfleet.optimizer.sample.SampleSet;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Samples of the same shapes in one run, where a model takes any number of rows: no padding. */
final class SampleBatches {
  private static final int ROWS = 32;

  private SampleBatches() {}

  static List<List<TensorValue>> of(List<InputSpec> inputs, SampleSet samples) {
    boolean joins =
        inputs.stream().allMatch(input -> !input.shape().isEmpty() && input.shape().getFirst() < 0);
    if (!joins) {
      return samples.samples();
    }
    Map<String, List<List<TensorValue>>> alike = new LinkedHashMap<>();
    for (List<TensorValue> sample : samples.samples()) {
      String shapes =
          sample.stream()
              .map(value -> Arrays.toString(value.tensor().dimensions()))
              .toList()
              .toString();
      alike.computeIfAbsent(shapes, _ -> new ArrayList<>()).add(sample);
    }
    List<List<TensorValue>> batches = new ArrayList<>();
    for (List<List<TensorValue>> group : alike.values()) {
      for (int from = 0; from < group.size(); from += ROWS) {
        batches.add(joined(group.subList(from, Math.min(group.size(), from + ROWS))));
      }
    }
    return batches;
  }

  private static List<TensorValue> joined(List<List<TensorValue>> samples) {
    List<TensorValue> first = samples.getFirst();
    List<TensorValue> batch = new ArrayList<>();
    for (int input = 0; input < first.size(); input++) {
      Tensor tensor = first.get(input).tensor();
      ByteBuffer data = Tensor.allocate(tensor.bytes() * samples.size());
      for (List<TensorValue> sample : samples) {
        data.put(sample.get(input).tensor().data());
      }
      long[] shape = tensor.dimensions();
      shape[0] *= samples.size();
      batch.add(
          new TensorValue(first.get(input).name(), Tensor.of(tensor.type(), data.flip(), shape)));
    }
    return batch;
  }
}
