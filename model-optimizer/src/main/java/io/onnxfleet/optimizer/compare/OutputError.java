package io.onnxfleet.optimizer.compare;

import io.onnxfleet.engine.text.TextModel;
import io.onnxfleet.optimizer.OptimizerException;
import io.onnxfleet.optimizer.graph.ElementType;
import io.onnxfleet.optimizer.graph.Tensor;
import io.onnxfleet.optimizer.runtime.RunnableModel;
import io.onnxfleet.optimizer.runtime.TensorValue;
import io.onnxfleet.optimizer.sample.SampleSet;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.IntConsumer;

/**
 * How far a candidate's outputs are from the original's over the same samples. Outputs of one row a
 * token ({@code [batch, tokens, size]}) are compared as what they are used for, the mean of a
 * text's unmasked rows; all others row by row. If one model gives NaN or an infinity where the
 * other does not, in whichever answer, all is lost: the cosines are -1 and the error is infinite.
 *
 * @param meanCosine of the vectors of both models
 * @param worstCosine of a single vector
 * @param relativeError the Euclidean norm of all differences over that of all of the original's
 *     numbers
 * @param largestDifference of two numbers
 * @param topAgreement the share of rows whose largest number stands at the same place, where rows
 *     are scores
 */
public record OutputError(
    double meanCosine,
    double worstCosine,
    double relativeError,
    double largestDifference,
    OptionalDouble topAgreement) {

  /** What was lost, as one number: 1 less the mean cosine. */
  public double loss() {
    return Math.max(0, 1 - meanCosine);
  }

  /** The original's answers, computed once for any number of candidates. */
  public static List<List<TensorValue>> answers(
      RunnableModel model, SampleSet samples, IntConsumer progress) {
    List<List<TensorValue>> answers = new ArrayList<>();
    for (List<TensorValue> sample : samples.samples()) {
      answers.add(model.run(sample));
      progress.accept(answers.size());
    }
    return answers;
  }

  /**
   * Compares answers of two models to the same samples.
   *
   * @throws OptimizerException if an output is missing or has another shape
   */
  public static OutputError between(
      SampleSet samples, List<List<TensorValue>> original, List<List<TensorValue>> candidate) {
    Sums sums = new Sums();
    for (int index = 0; index < original.size(); index++) {
      Map<String, Tensor> answers = new HashMap<>();
      candidate.get(index).forEach(value -> answers.put(value.name(), value.tensor()));
      Optional<Tensor> mask = mask(samples.samples().get(index));
      for (TensorValue expected : original.get(index)) {
        Tensor actual = answers.get(expected.name());
        if (actual == null || !Arrays.equals(actual.dimensions(), expected.tensor().dimensions())) {
          throw new OptimizerException(
              "output '%s' has shape %s (expected: %s)"
                  .formatted(
                      expected.name(),
                      actual == null ? "none" : Arrays.toString(actual.dimensions()),
                      Arrays.toString(expected.tensor().dimensions())));
        }
        sums.add(expected.tensor(), actual, mask);
      }
    }
    return sums.result();
  }

  private static Optional<Tensor> mask(List<TensorValue> sample) {
    return sample.stream()
        .filter(value -> value.name().equals(TextModel.ATTENTION_MASK))
        .map(TensorValue::tensor)
        .findFirst();
  }

  /** Collects over samples and outputs. */
  private static final class Sums {
    private double cosines;
    private double worst = 1;
    private long vectors;
    private double squaredDifference;
    private double squaredOriginal;
    private double largest;
    private long rows;
    private long agreeing;

    /** Whether one model gave a number where the other gave none. */
    private boolean isBroken;

    void add(Tensor expected, Tensor actual, Optional<Tensor> mask) {
      if (expected.type() != ElementType.FLOAT || actual.type() != ElementType.FLOAT) {
        addClasses(expected, actual);
        return;
      }
      float[] one = expected.floats();
      float[] other = actual.floats();
      int width =
          expected.rank() == 0 ? 1 : Math.toIntExact(expected.dimension(expected.rank() - 1));
      int tokens =
          mask.filter(found -> isOfTokens(expected, found)).isPresent()
              ? Math.toIntExact(expected.dimension(1))
              : 0;
      long[] unmasked = tokens > 0 ? mask.orElseThrow().longs() : new long[0];
      for (int index = 0; index < one.length; index++) {
        if (tokens > 0 && unmasked[index / width] == 0) {
          continue;
        }
        if (Float.isFinite(one[index]) && Float.isFinite(other[index])) {
          double difference = (double) one[index] - other[index];
          squaredDifference += difference * difference;
          squaredOriginal += (double) one[index] * one[index];
          largest = Math.max(largest, Math.abs(difference));
        } else {
          // The same infinity, or no number in both, is the same answer.
          isBroken |= Float.compare(one[index], other[index]) != 0;
          one[index] = 0;
          other[index] = 0;
        }
      }
      if (tokens > 0) {
        for (int row = 0; row < one.length / (width * tokens); row++) {
          addCosine(
              pool(one, row, tokens, width, unmasked), pool(other, row, tokens, width, unmasked));
        }
      } else if (expected.rank() >= 1 && one.length > 0) {
        int perRow =
            expected.rank() == 1
                ? one.length
                : Math.max(1, one.length / Math.max(1, Math.toIntExact(expected.dimension(0))));
        for (int from = 0; from < one.length; from += perRow) {
          addCosine(
              Arrays.copyOfRange(one, from, from + perRow),
              Arrays.copyOfRange(other, from, from + perRow));
        }
        if (expected.rank() == 2 && width > 1) {
          for (int from = 0; from < one.length; from += width) {
            rows++;
            agreeing += top(one, from, width) == top(other, from, width) ? 1 : 0;
          }
        }
      }
    }

    /** Whether an output has a row for each of the mask's tokens. */
    private static boolean isOfTokens(Tensor output, Tensor mask) {
      return output.rank() == 3
          && mask.rank() == 2
          && mask.dimension(0) == output.dimension(0)
          && mask.dimension(1) == output.dimension(1);
    }

    /** Whole numbers are classes: they agree or they do not. */
    private void addClasses(Tensor expected, Tensor actual) {
      if (expected.type() == ElementType.INT64 && actual.type() == ElementType.INT64) {
        long[] one = expected.longs();
        long[] other = actual.longs();
        for (int index = 0; index < one.length; index++) {
          rows++;
          agreeing += one[index] == other[index] ? 1 : 0;
        }
      }
    }

    private static float[] pool(float[] values, int row, int tokens, int width, long[] mask) {
      float[] vector = new float[width];
      for (int token = 0; token < tokens; token++) {
        if (mask[row * tokens + token] != 0) {
          for (int index = 0; index < width; index++) {
            vector[index] += values[(row * tokens + token) * width + index];
          }
        }
      }
      return vector;
    }

    private void addCosine(float[] one, float[] other) {
      double product = 0;
      double squaredOne = 0;
      double squaredOther = 0;
      for (int index = 0; index < one.length; index++) {
        product += (double) one[index] * other[index];
        squaredOne += (double) one[index] * one[index];
        squaredOther += (double) other[index] * other[index];
      }
      boolean bothZero = squaredOne == 0 && squaredOther == 0;
      double cosine = bothZero ? 1 : product / Math.sqrt(squaredOne * squaredOther);
      // Beside a vector of zeros there is no cosine: the worst answer, not a good one.
      double counted = Double.isNaN(cosine) ? -1 : Math.min(1, cosine);
      cosines += counted;
      worst = Math.min(worst, counted);
      vectors++;
    }

    private static int top(float[] values, int from, int width) {
      int best = 0;
      for (int index = 1; index < width; index++) {
        if (values[from + index] > values[from + best]) {
          best = index;
        }
      }
      return best;
    }

    OutputError result() {
      if (vectors == 0 && rows == 0) {
        throw new OptimizerException("no output to compare (expected: a tensor of numbers)");
      }
      double agreement = rows == 0 ? 1 : (double) agreeing / rows;
      if (isBroken) {
        // However many answers are good: a mean must not hide it.
        return new OutputError(
            -1,
            -1,
            Double.POSITIVE_INFINITY,
            Double.POSITIVE_INFINITY,
            rows == 0 ? OptionalDouble.empty() : OptionalDouble.of(agreement));
      }
      return new OutputError(
          vectors == 0 ? agreement : cosines / vectors,
          vectors == 0 ? agreement : worst,
          squaredOriginal == 0
              ? Math.sqrt(squaredDifference)
              : Math.sqrt(squaredDifference / squaredOriginal),
          largest,
          rows == 0 ? OptionalDouble.empty() : OptionalDouble.of(agreement));
    }
  }
}
