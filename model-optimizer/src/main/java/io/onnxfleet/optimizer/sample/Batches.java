package io.onnxfleet.optimizer.sample;

import io.onnxfleet.engine.text.TextModel;
import io.onnxfleet.optimizer.graph.Tensor;
import io.onnxfleet.optimizer.runtime.InputSpec;
import io.onnxfleet.optimizer.runtime.RunnableModel;
import io.onnxfleet.optimizer.runtime.TensorValue;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.LongStream;

/**
 * Batches to measure speed with. Rows of text have the samples' lengths: the median where there is
 * one row, else evenly from short to long, padded to the longest, as a server pads what it merges.
 */
public final class Batches {
  private Batches() {}

  /**
   * A batch for a model.
   *
   * @param tokens the length of every row, where the model takes text; empty to take the samples'
   * @return empty if the model takes no such number of rows
   */
  public static Optional<List<TensorValue>> of(
      RunnableModel model, SampleSet samples, int rows, OptionalInt tokens) {
    List<InputSpec> inputs = model.inputs();
    List<TensorValue> sample = samples.samples().getFirst();
    if (TextSamples.fits(inputs)) {
      return texts(inputs, samples, rows, tokens);
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

  private static Optional<List<TensorValue>> texts(
      List<InputSpec> inputs, SampleSet samples, int rows, OptionalInt tokens) {
    List<Long> shape = inputs.get(place(inputs, TextModel.INPUT_IDS)).shape();
    if (shape.getFirst() > 0 && shape.getFirst() != rows) {
      return Optional.empty();
    }
    List<long[]> texts = texts(inputs, samples);
    if (shape.getLast() > 0) {
      return Optional.of(
          TextSamples.rows(inputs, cut(texts, rows, Math.toIntExact(shape.getLast()))));
    }
    return Optional.of(
        TextSamples.rows(
            inputs,
            tokens.isPresent() ? cut(texts, rows, tokens.getAsInt()) : spread(texts, rows)));
  }

  /**
   * How long the texts of samples are, from the shortest to the longest; empty if they are none.
   */
  public static List<Integer> lengths(RunnableModel model, SampleSet samples) {
    return TextSamples.fits(model.inputs())
        ? texts(model.inputs(), samples).stream().map(row -> row.length).sorted().toList()
        : List.of();
  }

  /** The unmasked tokens of each row of each sample. */
  private static List<long[]> texts(List<InputSpec> inputs, SampleSet samples) {
    int ids = place(inputs, TextModel.INPUT_IDS);
    int mask = place(inputs, TextModel.ATTENTION_MASK);
    List<long[]> texts = new ArrayList<>();
    for (List<TensorValue> sample : samples.samples()) {
      Tensor tokens = sample.get(ids).tensor();
      long[] all = tokens.longs();
      long[] counted = mask < 0 ? new long[0] : sample.get(mask).tensor().longs();
      int length = Math.toIntExact(tokens.dimension(1));
      for (int from = 0; from + length <= all.length && length > 0; from += length) {
        LongStream.Builder text = LongStream.builder();
        for (int index = from; index < from + length; index++) {
          if (mask < 0 || counted[index] != 0) {
            text.add(all[index]);
          }
        }
        texts.add(text.build().toArray());
      }
    }
    return texts.stream().filter(text -> text.length > 0).toList();
  }

  private static int place(List<InputSpec> inputs, String name) {
    for (int index = 0; index < inputs.size(); index++) {
      if (inputs.get(index).name().equals(name)) {
        return index;
      }
    }
    return -1;
  }

  private static List<long[]> spread(List<long[]> texts, int rows) {
    List<long[]> ordered =
        texts.stream().sorted(Comparator.comparingInt(text -> text.length)).toList();
    List<long[]> spread = new ArrayList<>();
    for (int row = 0; row < rows; row++) {
      spread.add(ordered.get((int) ((row + 0.5) / rows * ordered.size())));
    }
    return spread;
  }

  /** Rows cut from the samples' tokens one after the other, so that none is padding. */
  private static List<long[]> cut(List<long[]> texts, int rows, int tokens) {
    LongStream.Builder stream = LongStream.builder();
    long length = 0;
    for (int index = 0; length < (long) rows * tokens; index++) {
      long[] text = texts.get(index % texts.size());
      length += text.length;
      for (long id : text) {
        stream.add(id);
      }
    }
    long[] all = stream.build().toArray();
    List<long[]> cut = new ArrayList<>();
    for (int row = 0; row < rows; row++) {
      cut.add(Arrays.copyOfRange(all, row * tokens, (row + 1) * tokens));
    }
    return cut;
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
