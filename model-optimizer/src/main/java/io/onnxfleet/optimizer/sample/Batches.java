package io.onnxfleet.optimizer.sample;

import io.onnxfleet.optimizer.graph.Tensor;
import io.onnxfleet.optimizer.runtime.InputSpec;
import io.onnxfleet.optimizer.runtime.RunnableModel;
import io.onnxfleet.optimizer.runtime.TensorValue;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Batches of one shape, to measure speed with. */
public final class Batches {
  private Batches() {}

  /**
   * A batch for a model.
   *
   * @param tokens the length of a row, where the model takes text
   * @return empty if the model takes no such number of rows
   */
  public static Optional<List<TensorValue>> of(
      RunnableModel model, SampleSet samples, int rows, int tokens) {
    List<InputSpec> inputs = model.inputs();
    List<TensorValue> sample = samples.samples().getFirst();
    if (TextSamples.fits(inputs)) {
      return Optional.of(texts(inputs, samples, rows, tokens));
    }
    List<TensorValue> batch = new ArrayList<>();
    for (int index = 0; index < inputs.size(); index++) {
      Tensor tensor = sample.get(index).tensor();
      List<Long> shape = inputs.get(index).shape();
      if (tensor.rank() == 0 || tensor.dimension(0) == 0) {
        return rows == 1 ? Optional.of(sample) : Optional.empty();
      }
      if (shape.isEmpty() || (shape.getFirst() > 0 && shape.getFirst() != rows)) {
        return Optional.empty();
      }
      batch.add(new TensorValue(sample.get(index).name(), repeat(tensor, rows)));
    }
    return Optional.of(batch);
  }

  /** Rows cut from the samples' tokens one after the other, so that none is padding. */
  private static List<TensorValue> texts(
      List<InputSpec> inputs, SampleSet samples, int rows, int tokens) {
    int place = 0;
    while (!inputs.get(place).name().equals("input_ids")) {
      place++;
    }
    List<Long> stream = new ArrayList<>();
    for (int index = 0; stream.size() < rows * tokens; index++) {
      List<TensorValue> sample = samples.samples().get(index % samples.size());
      for (long id : sample.get(place).tensor().longs()) {
        stream.add(id);
      }
    }
    List<long[]> all = new ArrayList<>();
    for (int row = 0; row < rows; row++) {
      all.add(
          stream.subList(row * tokens, (row + 1) * tokens).stream()
              .mapToLong(Long::longValue)
              .toArray());
    }
    return TextSamples.rows(inputs, all);
  }

  /** The first row of a tensor, so many times. */
  private static Tensor repeat(Tensor tensor, int rows) {
    int bytes = Math.toIntExact(tensor.bytes() / tensor.dimension(0));
    ByteBuffer row = tensor.data().slice(0, bytes);
    ByteBuffer data = Tensor.allocate((long) bytes * rows);
    for (int index = 0; index < rows; index++) {
      data.put(row.duplicate());
    }
    long[] shape = tensor.dimensions();
    shape[0] = rows;
    return Tensor.of(tensor.type(), data.flip(), shape);
  }
}
