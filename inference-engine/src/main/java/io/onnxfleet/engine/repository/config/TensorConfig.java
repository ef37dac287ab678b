package io.onnxfleet.engine.repository.config;

import io.onnxfleet.engine.tensor.DataType;
import io.onnxfleet.engine.tensor.Shape;
import org.jspecify.annotations.Nullable;

/**
 * An input or an output as requests see it.
 *
 * @param dims without the batch dimension where the model is batched; variable dimensions as {@link
 *     Shape#VARIABLE}
 * @param reshape what the model sees in place of {@code dims}, also without the batch dimension, or
 *     null if it sees {@code dims}; both hold equally many elements
 * @param optional true if a request may leave this input out
 * @param labelFilename the file beside the model with one label a line for this output, or null
 */
public record TensorConfig(
    String name,
    DataType dataType,
    Shape dims,
    @Nullable Shape reshape,
    boolean optional,
    @Nullable String labelFilename) {

  /** A required tensor that requests and the model see alike. */
  public TensorConfig(String name, DataType dataType, Shape dims) {
    this(name, dataType, dims, null, false, null);
  }

  /** The dimensions that the model is given or gives, without the batch dimension. */
  public Shape modelDims() {
    return reshape == null ? dims : reshape;
  }

  /** The dimensions of this tensor in a request or a response of a model of that batch size. */
  public Shape requestShape(int maxBatchSize) {
    return maxBatchSize > 0 ? dims.prepend(Shape.VARIABLE) : dims;
  }
}
