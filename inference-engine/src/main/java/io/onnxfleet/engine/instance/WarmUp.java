package io.onnxfleet.engine.instance;

import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.instance.ModelInterface.Port;
import io.onnxfleet.engine.runtime.ModelSession;
import io.onnxfleet.engine.tensor.BufferPool;
import io.onnxfleet.engine.tensor.DataType;
import io.onnxfleet.engine.tensor.NamedTensor;
import io.onnxfleet.engine.tensor.Shape;
import io.onnxfleet.engine.tensor.Tensor;
import io.onnxfleet.engine.tensor.TensorSpec;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * Runs a session on made-up inputs, zeros of the smallest shapes that its declaration allows, so
 * that the first caller does not pay for what the runtime does once. A model may refuse such
 * inputs; that says nothing against it.
 */
public final class WarmUp {
  private final ModelSession session;
  private final ModelInterface model;
  private final BufferPool pool;

  public WarmUp(ModelSession session, ModelInterface model, BufferPool pool) {
    this.session = session;
    this.model = model;
    this.pool = pool;
  }

  /** How a run of made-up inputs went. */
  public enum Outcome {
    /** It ran, and every output had as many rows as the inputs, if the model is batched. */
    ROWS_KEPT,
    /** It ran, but an output's first dimension is not the number of rows. */
    ROWS_LOST,
    /** The model refused the inputs, so nothing is known. */
    REFUSED
  }

  /**
   * Runs once with that many rows.
   *
   * @param rows size of the batch dimension, ignored if the model has none
   */
  public Outcome run(long rows) {
    List<NamedTensor> inputs = new ArrayList<>(model.inputs().size());
    try {
      for (Port port : model.inputs()) {
        if (!port.spec().optional()) {
          inputs.add(new NamedTensor(port.name(), zeros(port, rows)));
        }
      }
      return keepsRows(inputs, rows) ? Outcome.ROWS_KEPT : Outcome.ROWS_LOST;
    } catch (InferenceException refused) {
      return Outcome.REFUSED;
    } finally {
      inputs.forEach(input -> input.tensor().close());
    }
  }

  private boolean keepsRows(List<NamedTensor> inputs, long rows) {
    List<String> names = model.outputs().stream().map(Port::name).toList();
    List<Tensor> outputs = session.run(inputs, names);
    try {
      return !model.isBatched()
          || outputs.stream()
              .allMatch(output -> output.shape().rank() > 0 && output.rows() == rows);
    } finally {
      outputs.forEach(Tensor::close);
    }
  }

  private Tensor zeros(Port port, long rows) {
    TensorSpec spec = port.spec();
    Shape declared = port.modelShape() == null ? spec.shape() : port.modelShape();
    long[] dims = declared.dims();
    for (int axis = 0; axis < dims.length; axis++) {
      if (dims[axis] == Shape.VARIABLE) {
        dims[axis] = axis == 0 && model.isBatched() ? rows : 1;
      }
    }
    Shape shape = Shape.of(dims);
    long byteSize =
        spec.dataType() == DataType.BYTES
            ? Math.multiplyExact(shape.elementCount(), Integer.BYTES)
            : Tensor.byteSize(spec.dataType(), shape);
    Tensor tensor = Tensor.ofByteSize(pool, spec.dataType(), shape, byteSize);
    ByteBuffer data = tensor.data();
    while (data.hasRemaining()) {
      data.put((byte) 0);
    }
    return tensor;
  }
}
