package io.onnxfleet.engine.instance;

import io.onnxfleet.engine.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * A request, or a piece of a large one, that was checked and put into the model's order. It owns
 * its tensors.
 *
 * @param inputs in the model's order, null where an optional one was left out
 * @param outputs positions among the model's outputs, in the order asked for
 * @param rows size along the batch axis; 1 where there is none
 * @param weight rows that it counts for in the queue, at least 1 and at most those of a batch
 * @param length size along axis 1 of the inputs that are padded, 0 if none are
 * @param shapeKey equal for requests that may share a batch
 */
@SuppressWarnings("ArrayRecordComponent") // never compared; one allocation less a request
record BoundRequest(
    @Nullable Tensor[] inputs, int[] outputs, long rows, int weight, long length, Object shapeKey) {

  /** True if it gives what the model does not ask for: it then runs as it came, by itself. */
  boolean givesOptional(ModelInterface model) {
    for (int index = 0; index < inputs.length; index++) {
      if (inputs[index] != null && model.inputs().get(index).spec().optional()) {
        return true;
      }
    }
    return false;
  }

  void close() {
    close(inputs);
  }

  static void close(@Nullable Tensor[] inputs) {
    for (Tensor input : inputs) {
      if (input != null) {
        input.close();
      }
    }
  }
}
