package io.onnxfleet.engine.request;

import io.onnxfleet.engine.tensor.NamedTensor;
import io.onnxfleet.engine.tensor.Tensor;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The answer to one {@link InferenceRequest}. Whoever holds it owns its output tensors and closes
 * it once they are written out.
 *
 * @param outputs in the order asked for, or in the model's order
 */
public record InferenceResponse(
    @Nullable String id, String modelName, long modelVersion, List<NamedTensor> outputs)
    implements AutoCloseable {

  public InferenceResponse {
    outputs = List.copyOf(outputs);
  }

  /** The output of that name, which must be there. */
  public Tensor output(String name) {
    for (NamedTensor output : outputs) {
      if (output.name().equals(name)) {
        return output.tensor();
      }
    }
    throw new IllegalArgumentException("output '" + name + "' was not asked for");
  }

  @Override
  public void close() {
    for (NamedTensor output : outputs) {
      output.tensor().close();
    }
  }
}
