package io.onnxfleet.optimizer.distil;

import io.onnxfleet.engine.text.TextModel;
import io.onnxfleet.optimizer.OptimizerException;
import io.onnxfleet.optimizer.graph.ElementType;
import io.onnxfleet.optimizer.graph.Tensor;
import io.onnxfleet.optimizer.runtime.InputSpec;
import io.onnxfleet.optimizer.runtime.RunnableModel;
import io.onnxfleet.optimizer.runtime.TensorValue;
import io.onnxfleet.optimizer.sample.SampleSet;
import io.onnxfleet.optimizer.sample.TextSamples;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;

/**
 * A text encoder, asked for a vector a row of tokens as the fleet makes it: the model's own where
 * it pools, else the mean of the tokens' vectors. Not thread-safe; the model stays its owner's.
 */
public final class TextEncoder {
  private static final int BATCH = 64;

  private final RunnableModel model;

  /**
   * An encoder over an open model.
   *
   * @throws OptimizerException if the model takes no text
   */
  public TextEncoder(RunnableModel model) {
    if (!TextSamples.fits(model.inputs())) {
      throw new OptimizerException(
          "%s takes no text (its inputs: %s)"
              .formatted(model.file(), model.inputs().stream().map(InputSpec::name).toList()));
    }
    this.model = model;
  }

  /** The token ids of samples, of which each is one or more rows without padding. */
  public static List<long[]> rows(SampleSet samples) {
    List<long[]> rows = new ArrayList<>();
    for (List<TensorValue> sample : samples.samples()) {
      for (TensorValue value : sample) {
        if (value.name().equals(TextModel.INPUT_IDS)) {
          long[] ids = value.tensor().longs();
          int length = Math.toIntExact(value.tensor().dimension(1));
          for (int from = 0; from + length <= ids.length; from += length) {
            rows.add(Arrays.copyOfRange(ids, from, from + length));
          }
        }
      }
    }
    return rows;
  }

  /**
   * A vector a row, in the rows' order.
   *
   * @param progress told how many rows are done
   */
  public float[][] vectors(List<long[]> rows, IntConsumer progress) {
    // Rows of a length together: little padding.
    List<Integer> order =
        IntStream.range(0, rows.size())
            .boxed()
            .sorted(Comparator.comparingInt((Integer index) -> rows.get(index).length))
            .toList();
    float[][] vectors = new float[rows.size()][];
    for (int from = 0; from < order.size(); from += BATCH) {
      List<Integer> places = order.subList(from, Math.min(order.size(), from + BATCH));
      List<long[]> batch = places.stream().map(rows::get).toList();
      Tensor output = output(model.run(TextSamples.rows(model.inputs(), batch)));
      for (int row = 0; row < batch.size(); row++) {
        vectors[places.get(row)] = vector(output, row, batch.get(row).length);
      }
      progress.accept(from + batch.size());
    }
    return vectors;
  }

  private Tensor output(List<TensorValue> outputs) {
    Tensor tokens = null;
    Tensor pooled = null;
    for (TensorValue output : outputs) {
      Tensor tensor = output.tensor();
      if (tensor.type() != ElementType.FLOAT) {
        continue;
      }
      if (tensor.rank() == 2 && output.name().equals(StaticStudent.OUTPUT)) {
        return tensor;
      }
      if (tensor.rank() == 3 && tokens == null) {
        tokens = tensor;
      }
      if (tensor.rank() == 2 && pooled == null) {
        pooled = tensor;
      }
    }
    Tensor chosen = tokens == null ? pooled : tokens;
    if (chosen == null) {
      throw new OptimizerException(
          "%s gives no vectors (its outputs: %s)"
              .formatted(model.file(), outputs.stream().map(TensorValue::name).toList()));
    }
    return chosen;
  }

  private static float[] vector(Tensor output, int row, int length) {
    int width = Math.toIntExact(output.dimension(output.rank() - 1));
    float[] vector = new float[width];
    if (output.rank() == 2) {
      output.floatBuffer().get(row * width, vector);
      return vector;
    }
    int tokens = Math.toIntExact(output.dimension(1));
    float[] token = new float[width];
    for (int index = 0; index < length; index++) {
      output.floatBuffer().get((row * tokens + index) * width, token);
      for (int place = 0; place < width; place++) {
        vector[place] += token[place] / length;
      }
    }
    return vector;
  }
}
