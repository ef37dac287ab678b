package io.onnxfleet.optimizer.head;

import io.onnxfleet.optimizer.OptimizerException;
import io.onnxfleet.optimizer.graph.Tensor;
import io.onnxfleet.optimizer.runtime.RunnableModel;
import io.onnxfleet.optimizer.runtime.TensorValue;
import io.onnxfleet.optimizer.sample.TextSamples;
import java.util.List;

/**
 * What a model of one output of [rows, numbers] answers to a text: the mean over its windows. Each
 * window runs alone and without padding, so that no answer depends on what else is asked; models
 * whose activations are quantized dynamically depend on that. Not thread-safe; the model stays its
 * owner's.
 */
record RowAnswers(RunnableModel model) {
  float[] mean(List<long[]> windows) {
    double[] sums = {};
    for (long[] window : windows) {
      float[] answer = answer(window);
      if (sums.length == 0) {
        sums = new double[answer.length];
      }
      for (int index = 0; index < sums.length; index++) {
        sums[index] += answer[index];
      }
    }
    float[] mean = new float[sums.length];
    for (int index = 0; index < mean.length; index++) {
      mean[index] = (float) (sums[index] / windows.size());
      if (!Float.isFinite(mean[index])) {
        throw new OptimizerException(
            "%s answers %s (expected: numbers)".formatted(model.file(), mean[index]));
      }
    }
    return mean;
  }

  private float[] answer(long[] window) {
    List<TensorValue> outputs = model.run(TextSamples.rows(model.inputs(), List.of(window)));
    Tensor output = outputs.getFirst().tensor();
    if (outputs.size() != 1 || output.rank() != 2 || output.dimension(0) != 1) {
      throw new OptimizerException(
          "%s answers %d outputs (expected: one of [rows, numbers])"
              .formatted(model.file(), outputs.size()));
    }
    return output.floats();
  }
}
