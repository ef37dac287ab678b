package io.onnxfleet.optimizer.sample;

import io.onnxfleet.optimizer.graph.ElementType;
import io.onnxfleet.optimizer.graph.Tensor;
import io.onnxfleet.optimizer.runtime.TensorValue;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * More samples out of a few: FP32 tensors with another contrast and a little noise, images (rank 4)
 * shifted by up to two pixels too. What is not FP32 stays as it is. Not thread-safe.
 */
public final class Variations {
  private static final int LARGEST_SHIFT = 2;
  private static final double CONTRAST = 0.1;

  /** Of the standard deviation of a tensor's elements. */
  private static final double NOISE = 0.02;

  private final Random random;

  public Variations(Random random) {
    this.random = random;
  }

  /** So many samples: each of the given ones in turn, changed. */
  public SampleSet of(SampleSet samples, int count) {
    List<List<TensorValue>> varied = new ArrayList<>();
    for (int index = 0; index < count; index++) {
      varied.add(
          samples.samples().get(index % samples.size()).stream()
              .map(value -> new TensorValue(value.name(), vary(value.tensor())))
              .toList());
    }
    return new SampleSet(count + " variations of " + samples.origin(), varied);
  }

  private Tensor vary(Tensor tensor) {
    if (tensor.type() != ElementType.FLOAT || tensor.elements() < 2) {
      return tensor;
    }
    float[] values = tensor.floats();
    double mean = 0;
    double squares = 0;
    for (float value : values) {
      mean += value / values.length;
      squares += (double) value * value / values.length;
    }
    double noise = NOISE * Math.sqrt(Math.max(0, squares - mean * mean));
    double contrast = 1 + CONTRAST * (2 * random.nextDouble() - 1);
    float[] varied = tensor.rank() == 4 ? shift(values, tensor) : values;
    for (int index = 0; index < varied.length; index++) {
      varied[index] =
          (float) (mean + (varied[index] - mean) * contrast + random.nextGaussian() * noise);
    }
    return Tensor.ofFloats(varied, tensor.dimensions());
  }

  /** Moves the last two axes; what comes in from outside repeats the border. */
  private float[] shift(float[] values, Tensor tensor) {
    int down = random.nextInt(2 * LARGEST_SHIFT + 1) - LARGEST_SHIFT;
    int right = random.nextInt(2 * LARGEST_SHIFT + 1) - LARGEST_SHIFT;
    int height = Math.toIntExact(tensor.dimension(2));
    int width = Math.toIntExact(tensor.dimension(3));
    float[] shifted = new float[values.length];
    for (int index = 0; index < values.length; index++) {
      int plane = index / (height * width);
      int row = Math.clamp(index / width % height - down, 0, height - 1);
      int column = Math.clamp(index % width - right, 0, width - 1);
      shifted[index] = values[(plane * height + row) * width + column];
    }
    return shifted;
  }
}
