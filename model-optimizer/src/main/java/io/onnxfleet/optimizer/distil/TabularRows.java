package io.onnxfleet.optimizer.distil;

import io.onnxfleet.optimizer.OptimizerException;
import io.onnxfleet.optimizer.graph.ElementType;
import io.onnxfleet.optimizer.graph.Tensor;
import io.onnxfleet.optimizer.runtime.InputSpec;
import io.onnxfleet.optimizer.runtime.TensorValue;
import io.onnxfleet.optimizer.sample.SampleSet;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.ejml.data.DMatrixRMaj;

/**
 * Rows of numbers, one column a feature, and how a model takes them: in one input or in many. Where
 * there are too few rows, more are made of them: each column of one row or of another, with a
 * little noise where it is no whole number (Bucila, Caruana, Niculescu-Mizil: Model Compression,
 * 2006).
 */
final class TabularRows {
  private static final double NOISE = 0.25;

  private final List<InputSpec> inputs;
  private final int[] widths;
  private final boolean[] whole;
  private final int features;

  TabularRows(List<InputSpec> inputs) {
    this.inputs = List.copyOf(inputs);
    widths = new int[inputs.size()];
    int sum = 0;
    for (int index = 0; index < widths.length; index++) {
      InputSpec input = inputs.get(index);
      if (input.type().isEmpty()
          || input.shape().isEmpty()
          || input.shape().size() > 2
          || (input.shape().size() == 2 && input.shape().get(1) < 1)) {
        throw new OptimizerException(
            "input '%s' is %s %s (expected: rows of numbers)"
                .formatted(
                    input.name(),
                    input.type().map(ElementType::name).orElse("no tensor of numbers"),
                    input.shape()));
      }
      widths[index] = input.shape().size() == 2 ? Math.toIntExact(input.shape().get(1)) : 1;
      sum += widths[index];
    }
    features = sum;
    whole = new boolean[features];
    int feature = 0;
    for (int index = 0; index < widths.length; index++) {
      ElementType type = inputs.get(index).type().orElseThrow();
      for (int column = 0; column < widths[index]; column++) {
        whole[feature++] = type != ElementType.FLOAT && type != ElementType.DOUBLE;
      }
    }
  }

  int features() {
    return features;
  }

  List<InputSpec> inputs() {
    return inputs;
  }

  /** The rows of samples, and as many more as are wanted. */
  DMatrixRMaj of(SampleSet samples, int count, Random random) {
    List<double[]> rows = new ArrayList<>();
    for (List<TensorValue> sample : samples.samples()) {
      add(sample, rows);
    }
    int given = rows.size();
    double[] deviations = deviations(rows);
    while (rows.size() < count) {
      double[] one = rows.get(random.nextInt(given));
      double[] other = rows.get(random.nextInt(given));
      double[] made = new double[features];
      for (int feature = 0; feature < features; feature++) {
        made[feature] = random.nextBoolean() ? one[feature] : other[feature];
        if (!whole[feature]) {
          made[feature] += NOISE * deviations[feature] * random.nextGaussian();
        }
      }
      rows.add(made);
    }
    DMatrixRMaj matrix = new DMatrixRMaj(rows.size(), features);
    for (int row = 0; row < rows.size(); row++) {
      System.arraycopy(rows.get(row), 0, matrix.data, row * features, features);
    }
    return matrix;
  }

  private void add(List<TensorValue> sample, List<double[]> rows) {
    int count = Math.toIntExact(sample.getFirst().tensor().dimension(0));
    for (int row = 0; row < count; row++) {
      double[] values = new double[features];
      int feature = 0;
      for (int index = 0; index < widths.length; index++) {
        double[] numbers = numbers(sample.get(index).tensor());
        for (int column = 0; column < widths[index]; column++) {
          values[feature++] = numbers[row * widths[index] + column];
        }
      }
      rows.add(values);
    }
  }

  private static double[] numbers(Tensor tensor) {
    double[] numbers = new double[Math.toIntExact(tensor.elements())];
    ByteBuffer data = tensor.data();
    for (int index = 0; index < numbers.length; index++) {
      numbers[index] =
          switch (tensor.type()) {
            case FLOAT -> data.getFloat();
            case DOUBLE -> data.getDouble();
            case INT64 -> data.getLong();
            case INT32 -> data.getInt();
            case INT16 -> data.getShort();
            case INT8, BOOL -> data.get();
            case UINT8 -> Byte.toUnsignedInt(data.get());
            case UINT16, UINT32, UINT64, FLOAT16, BFLOAT16 ->
                throw new OptimizerException(
                    tensor.type() + " columns (expected: floating or signed whole numbers)");
          };
    }
    return numbers;
  }

  private double[] deviations(List<double[]> rows) {
    double[] deviations = new double[features];
    for (int feature = 0; feature < features; feature++) {
      double sum = 0;
      double squares = 0;
      for (double[] row : rows) {
        sum += row[feature];
        squares += row[feature] * row[feature];
      }
      double mean = sum / rows.size();
      deviations[feature] = Math.sqrt(Math.max(0, squares / rows.size() - mean * mean));
    }
    return deviations;
  }

  /** Runs for a model: one of all rows, or one of each where it takes no more. */
  List<List<TensorValue>> runs(DMatrixRMaj rows) {
    boolean together = inputs.stream().allMatch(input -> input.shape().getFirst() < 0);
    List<List<TensorValue>> runs = new ArrayList<>();
    int size = together ? rows.getNumRows() : 1;
    for (int from = 0; from < rows.getNumRows(); from += size) {
      runs.add(run(rows, from, size));
    }
    return runs;
  }

  private List<TensorValue> run(DMatrixRMaj rows, int from, int count) {
    List<TensorValue> values = new ArrayList<>();
    int first = 0;
    for (int index = 0; index < widths.length; index++) {
      InputSpec input = inputs.get(index);
      ElementType type = input.type().orElseThrow();
      ByteBuffer data = Tensor.allocate((long) count * widths[index] * type.bytes());
      for (int row = from; row < from + count; row++) {
        for (int column = first; column < first + widths[index]; column++) {
          put(data, type, rows.get(row, column));
        }
      }
      long[] shape =
          input.shape().size() == 2 ? new long[] {count, widths[index]} : new long[] {count};
      values.add(new TensorValue(input.name(), Tensor.of(type, data.flip(), shape)));
      first += widths[index];
    }
    return values;
  }

  private static void put(ByteBuffer data, ElementType type, double value) {
    switch (type) {
      case FLOAT -> data.putFloat((float) value);
      case DOUBLE -> data.putDouble(value);
      case INT64 -> data.putLong(Math.round(value));
      case INT32 -> data.putInt((int) Math.round(value));
      case INT16 -> data.putShort((short) Math.round(value));
      case INT8, UINT8, BOOL -> data.put((byte) Math.round(value));
      case UINT16, UINT32, UINT64, FLOAT16, BFLOAT16 ->
          throw new OptimizerException(
              type + " columns (expected: floating or signed whole numbers)");
    }
  }
}
