package io.onnxfleet.optimizer.calibrate;

import io.onnxfleet.optimizer.OptimizerException;
import io.onnxfleet.optimizer.graph.ElementType;
import io.onnxfleet.optimizer.graph.Tensor;
import io.onnxfleet.optimizer.runtime.TensorValue;
import io.onnxfleet.optimizer.sample.SampleSet;
import java.nio.FloatBuffer;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.function.IntConsumer;

/** Runs a model over samples and keeps where the numbers of its values lie. */
public final class Calibration {
  private final OpenedModel model;
  private final SampleSet samples;
  private final IntConsumer progress;

  /**
   * @param progress told how many runs are done
   */
  public Calibration(OpenedModel model, SampleSet samples, IntConsumer progress) {
    this.model = model;
    this.samples = samples;
    this.progress = progress;
  }

  /**
   * The ranges of those values that are FP32.
   *
   * @throws OptimizerException if one holds what is no number
   */
  public Map<String, Range> ranges(Collection<String> values, CalibrationOptions options) {
    Map<String, Range> seen = new LinkedHashMap<>();
    forEach(
        values,
        (value, tensor) -> {
          FloatBuffer numbers = tensor.floatBuffer();
          Range before = seen.getOrDefault(value, new Range(0, 0));
          float lowest = before.lowest();
          float highest = before.highest();
          while (numbers.hasRemaining()) {
            float number = numbers.get();
            if (!Float.isFinite(number)) {
              throw new OptimizerException(
                  "value '%s' holds %s for a sample (expected: finite numbers)"
                      .formatted(value, number));
            }
            lowest = Math.min(lowest, number);
            highest = Math.max(highest, number);
          }
          seen.put(value, new Range(lowest, highest));
        });
    if (options.method() == CalibrationMethod.MIN_MAX) {
      return seen;
    }
    Map<String, Histogram> histograms = new HashMap<>();
    seen.forEach((value, range) -> histograms.put(value, new Histogram(range)));
    forEach(
        values,
        (value, tensor) -> {
          Histogram histogram = histograms.get(value);
          FloatBuffer numbers = tensor.floatBuffer();
          while (histogram != null && numbers.hasRemaining()) {
            histogram.add(numbers.get());
          }
        });
    Map<String, Range> ranges = new LinkedHashMap<>();
    seen.forEach(
        (value, range) -> {
          Histogram histogram = histograms.get(value);
          ranges.put(
              value,
              histogram == null || range.largest() == 0
                  ? range
                  : switch (options.method()) {
                    case MIN_MAX -> range;
                    case PERCENTILE -> histogram.percentile(options.percentile());
                    case ENTROPY -> histogram.entropy();
                  });
        });
    return ranges;
  }

  /** The largest magnitude in each column of the last axis of those values that are FP32. */
  public Map<String, float[]> columns(Collection<String> values) {
    Map<String, float[]> largest = new HashMap<>();
    forEach(
        values,
        (value, tensor) -> {
          if (tensor.rank() == 0 || tensor.elements() == 0) {
            return;
          }
          int width = Math.toIntExact(tensor.dimension(tensor.rank() - 1));
          float[] own = largest.computeIfAbsent(value, _ -> new float[width]);
          float[] numbers = tensor.floats();
          for (int index = 0; index < numbers.length && own.length == width; index++) {
            own[index % width] = Math.max(own[index % width], Math.abs(numbers[index]));
          }
        });
    return largest;
  }

  private void forEach(Collection<String> values, BiConsumer<String, Tensor> look) {
    int done = 0;
    for (List<TensorValue> sample : samples.samples()) {
      Map<String, Tensor> found = model.values(sample);
      for (String value : values) {
        Tensor tensor = found.get(value);
        if (tensor != null && tensor.type() == ElementType.FLOAT) {
          look.accept(value, tensor);
        }
      }
      progress.accept(++done);
    }
  }
}
