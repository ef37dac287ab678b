package io.onnxfleet.engine.runtime;

import io.onnxfleet.engine.runtime.GraphPorts.Port;
import io.onnxfleet.engine.tensor.BufferPool;
import io.onnxfleet.engine.tensor.NamedTensor;
import io.onnxfleet.engine.tensor.Shape;
import io.onnxfleet.engine.tensor.Tensor;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Tensors that a run writes its outputs into, instead of memory of the runtime's that would have to
 * be copied from. An output has one where its shape is known before the run: every dimension is
 * declared by its size, or by a name that a dimension of the inputs has as well.
 *
 * <p>Only for sessions on the CPU: the runtime compares shapes there, but copies what a device
 * computed into a bound output without looking at its size.
 *
 * <p>What a model declares need not be true. So an output is bound only after a run that was not,
 * whose shape was the promised one, and a run that fails for a bound output's shape is to be run
 * again with none bound ({@link #areToBlame}); from then on that session binds nothing any more.
 *
 * <p>Belongs to one session, hence to one thread.
 */
final class BoundOutputs {
  private static final long UNKNOWN = -1;

  /** What the runtime says when it would give an output another shape than the bound one. */
  private static final String MISMATCH = "shape verification failed";

  private final BufferPool pool;
  private final Map<String, List<String>> inputDimensions = new HashMap<>();
  private final Map<String, Promise> promises = new HashMap<>();
  private boolean broken;

  /**
   * Nothing is bound yet.
   *
   * @param provider what the session was placed on
   */
  BoundOutputs(GraphPorts ports, ExecutionProvider provider, BufferPool pool) {
    this.pool = pool;
    if (provider != ExecutionProvider.CPU) {
      return;
    }
    for (Port input : ports.inputs().values()) {
      if (input.type() instanceof OnnxType.TensorType type && type.ranked()) {
        inputDimensions.put(input.name(), type.dimensionNames());
      }
    }
    for (Port output : ports.outputs().values()) {
      // The runtime hands an input that is an output too on as it is.
      if (output.type() instanceof OnnxType.TensorType type
          && type.ranked()
          && type.dataType().isFixedSize()
          && !ports.inputs().containsKey(output.name())) {
        promises.put(output.name(), new Promise(type));
      }
    }
  }

  /** A declared shape, and whether it proved true. */
  private static final class Promise {
    private final OnnxType.TensorType type;
    private boolean kept;

    Promise(OnnxType.TensorType type) {
      this.type = type;
    }
  }

  /** A tensor for the output of a run with these inputs, or null if it cannot be known. */
  @Nullable Tensor target(String output, List<NamedTensor> inputs) {
    Promise promise = promises.get(output);
    if (broken || promise == null || !promise.kept) {
      return null;
    }
    Shape shape = shape(promise.type, inputs);
    return shape == null || shape.elementCount() == 0
        ? null
        : Tensor.allocate(pool, promise.type.dataType(), shape);
  }

  /** What an output of a run with these inputs turned out to be that was not bound. */
  void observed(String output, List<NamedTensor> inputs, Tensor actual) {
    Promise promise = promises.get(output);
    if (promise == null || promise.kept) {
      return;
    }
    Shape promised = shape(promise.type, inputs);
    if (promised != null
        && promised.equals(actual.shape())
        && promise.type.dataType() == actual.dataType()) {
      promise.kept = true;
    } else {
      promises.remove(output);
    }
  }

  /** True if a run failed because an output was bound, which then no run is any more. */
  boolean areToBlame(OrtFailure failure) {
    if (broken
        || !failure.reason().contains(MISMATCH)
        || promises.values().stream().noneMatch(promise -> promise.kept)) {
      return false;
    }
    broken = true;
    return true;
  }

  private @Nullable Shape shape(OnnxType.TensorType type, List<NamedTensor> inputs) {
    long[] dims = type.shape().dims();
    for (int axis = 0; axis < dims.length; axis++) {
      if (dims[axis] == Shape.VARIABLE) {
        dims[axis] = size(type.dimensionNames().get(axis), inputs);
        if (dims[axis] == UNKNOWN) {
          return null;
        }
      }
    }
    return Shape.of(dims);
  }

  /** The size of the dimensions of that name, if all that there are agree. */
  private long size(String dimension, List<NamedTensor> inputs) {
    long size = UNKNOWN;
    if (dimension.isEmpty()) {
      return size;
    }
    for (NamedTensor input : inputs) {
      List<String> names = inputDimensions.getOrDefault(input.name(), List.of());
      Shape shape = input.tensor().shape();
      for (int axis = 0; axis < Math.min(names.size(), shape.rank()); axis++) {
        if (names.get(axis).equals(dimension)) {
          if (size != UNKNOWN && size != shape.dim(axis)) {
            return UNKNOWN;
          }
          size = shape.dim(axis);
        }
      }
    }
    return size;
  }
}
