package io.onnxfleet.engine.runtime;

import static java.lang.foreign.ValueLayout.ADDRESS;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.runtime.GraphPorts.Port;
import io.onnxfleet.engine.tensor.BufferPool;
import io.onnxfleet.engine.tensor.NamedTensor;
import io.onnxfleet.engine.tensor.Shape;
import io.onnxfleet.engine.tensor.Tensor;
import io.onnxfleet.engine.tensor.TensorSpec;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A session of ONNX Runtime.
 *
 * <ul>
 *   <li>Inputs of fixed-size types are read where they are; outputs are written into pooled tensors
 *       where their shapes follow from the inputs', and copied there once where they do not.
 *   <li>Every value of a run is given back to the runtime before {@link #run} ends, in whichever
 *       way it does.
 *   <li>A second run while one is under way, or one after {@link #close()}, is refused rather than
 *       left to native code.
 * </ul>
 */
final class OnnxModelSession implements ModelSession {
  private final OrtApi api;
  private final NativeSession session;
  private final GraphPorts ports;
  private final Placement placement;
  private final NodePlacement nodes;
  private final ValueWriter writer;
  private final ValueReader reader;
  private final BoundOutputs bound;
  private final BufferPool pool;
  private final long mostRunBytes;

  // Arrays of addresses that a run fills in; the arena frees them when the session is unreachable.
  private final MemorySegment inputNames;
  private final MemorySegment inputValues;
  private final MemorySegment outputNames;
  private final MemorySegment outputValues;

  private final Object runLock = new Object();

  @GuardedBy("runLock")
  private boolean running;

  @GuardedBy("runLock")
  private boolean terminated;

  @GuardedBy("runLock")
  private boolean closed;

  /** Takes the session over. */
  OnnxModelSession(
      OrtEnvironment environment,
      NativeSession session,
      GraphPorts ports,
      Placement placement,
      NodePlacement nodes,
      BufferPool pool,
      long mostRunBytes) {
    this.pool = pool;
    this.mostRunBytes = mostRunBytes;
    this.api = environment.api();
    this.session = session;
    this.ports = ports;
    this.placement = placement;
    this.nodes = nodes;
    Arena arena = Arena.ofAuto();
    writer = new ValueWriter(environment, arena);
    reader = new ValueReader(environment, pool, arena);
    bound = new BoundOutputs(ports, placement.provider(), pool);
    inputNames = arena.allocate(ADDRESS, ports.inputs().size() + 1L);
    inputValues = arena.allocate(ADDRESS, ports.inputs().size() + 1L);
    outputNames = arena.allocate(ADDRESS, ports.outputs().size());
    outputValues = arena.allocate(ADDRESS, ports.outputs().size());
  }

  @Override
  public ModelSignature signature() {
    return ports.signature();
  }

  @Override
  public ExecutionProvider executionProvider() {
    return placement.provider();
  }

  @Override
  public List<String> providerNotes() {
    return placement.notes();
  }

  @Override
  public NodePlacement nodePlacement() {
    return nodes;
  }

  @Override
  public List<Tensor> run(List<NamedTensor> inputs, List<String> outputs) {
    requireAtMost("inputs", inputs.size(), ports.inputs().size());
    requireAtMost("outputs", outputs.size(), ports.outputs().size());
    beginRun();
    try {
      return runOnce(inputs, outputs);
    } catch (OrtFailure failure) {
      if (bound.areToBlame(failure)) {
        return runAgain(inputs, outputs);
      }
      if (failure.isArenaFull() && isInPieces()) {
        giveBack();
        return runAgain(inputs, outputs);
      }
      throw failed(failure, inputs);
    } finally {
      endRun();
      Reference.reachabilityFence(inputs);
    }
  }

  private List<Tensor> runAgain(List<NamedTensor> inputs, List<String> outputs) {
    try {
      return runOnce(inputs, outputs);
    } catch (OrtFailure failure) {
      throw failed(failure, inputs);
    }
  }

  /** True if memory is kept that other shapes left, and that this run found too small. */
  private boolean isInPieces() {
    SessionArena arena = session.arena();
    return arena != null && arena.use().held() > 0;
  }

  @Override
  public MemoryUse memoryUse() {
    SessionArena arena = session.arena();
    return arena == null ? MemoryUse.UNKNOWN : arena.use();
  }

  @Override
  public void shrink() {
    if (session.arena() == null) {
      return;
    }
    beginRun();
    try {
      giveBack();
    } finally {
      endRun();
    }
  }

  /** The runtime wants inputs, though nothing looks at them. */
  private void giveBack() {
    SessionArena arena = Objects.requireNonNull(session.arena());
    List<Tensor> tensors = new ArrayList<>();
    int written = 0;
    try {
      for (TensorSpec input : ports.signature().inputs()) {
        if (!input.optional()) {
          Port port = ports.input(input.name());
          Tensor smallest = smallest(input);
          tensors.add(smallest);
          inputNames.setAtIndex(ADDRESS, written, port.nativeName());
          MemorySegment value = writer.write(port.name(), port.type(), smallest);
          inputValues.setAtIndex(ADDRESS, written++, value);
        }
      }
      Port output = ports.outputs().values().iterator().next();
      outputNames.setAtIndex(ADDRESS, 0, output.nativeName());
      arena.shrink(inputNames, inputValues, written, outputNames, outputValues);
    } finally {
      release(inputValues, written);
      tensors.forEach(Tensor::close);
    }
  }

  /** Variable dimensions are 0 there, but for a sequence, which must have an element. */
  private Tensor smallest(TensorSpec input) {
    long[] dims = input.shape().dims();
    for (int axis = 0; axis < dims.length; axis++) {
      if (dims[axis] == Shape.VARIABLE) {
        dims[axis] = axis == 0 && input.form() != TensorSpec.Form.TENSOR ? 1 : 0;
      }
    }
    Shape shape = Shape.of(dims);
    long bytes =
        input.dataType().isFixedSize()
            ? Tensor.byteSize(input.dataType(), shape)
            : shape.elementCount() * Integer.BYTES;
    Tensor tensor = Tensor.ofByteSize(pool, input.dataType(), shape, bytes);
    MemorySegment.ofBuffer(tensor.data()).fill((byte) 0);
    return tensor;
  }

  private List<Tensor> runOnce(List<NamedTensor> inputs, List<String> outputs) {
    int written = 0;
    int requested = 0;
    @Nullable Tensor[] targets = new @Nullable Tensor[outputs.size()];
    try {
      for (NamedTensor input : inputs) {
        Port port = ports.input(input.name());
        inputNames.setAtIndex(ADDRESS, written, port.nativeName());
        MemorySegment value = writer.write(port.name(), port.type(), input.tensor());
        inputValues.setAtIndex(ADDRESS, written++, value);
      }
      for (String output : outputs) {
        Port port = ports.output(output);
        outputNames.setAtIndex(ADDRESS, requested, port.nativeName());
        Tensor target = bound.target(port.name(), inputs);
        targets[requested] = target;
        MemorySegment value =
            target == null ? MemorySegment.NULL : writer.write(port.name(), port.type(), target);
        outputValues.setAtIndex(ADDRESS, requested++, value);
      }
      api.call(
          OrtFunction.RUN,
          session.address(),
          session.runOptions(),
          inputNames,
          inputValues,
          written,
          outputNames,
          requested,
          outputValues);
      return read(inputs, outputs, targets);
    } finally {
      release(inputValues, written);
      release(outputValues, requested);
      // Values refer to them, so that they go last; none is left here once they were handed out.
      for (Tensor target : targets) {
        if (target != null) {
          target.close();
        }
      }
    }
  }

  /** The outputs, those of the targets that there are among them, which then are the caller's. */
  private List<Tensor> read(
      List<NamedTensor> inputs, List<String> outputs, @Nullable Tensor[] targets) {
    List<Tensor> tensors = new ArrayList<>(outputs.size());
    List<Tensor> copies = new ArrayList<>();
    try {
      for (int index = 0; index < outputs.size(); index++) {
        Tensor tensor = targets[index];
        if (tensor == null) {
          Port port = ports.output(outputs.get(index));
          tensor = reader.read(port.name(), port.type(), outputValues.getAtIndex(ADDRESS, index));
          copies.add(tensor);
          bound.observed(port.name(), inputs, tensor);
        }
        tensors.add(tensor);
      }
    } catch (Throwable failure) {
      copies.forEach(Tensor::close);
      throw failure;
    }
    Arrays.fill(targets, null);
    return tensors;
  }

  private void release(MemorySegment values, int count) {
    for (int index = 0; index < count; index++) {
      api.release(OrtFunction.RELEASE_VALUE, values.getAtIndex(ADDRESS, index));
    }
  }

  @Override
  public void terminate() {
    synchronized (runLock) {
      if (running && !terminated) {
        terminated = true;
        api.call(OrtFunction.SET_TERMINATE, session.runOptions());
      }
    }
  }

  private void beginRun() {
    synchronized (runLock) {
      if (closed || running) {
        throw new IllegalStateException(
            closed ? "the session is closed" : "a run is under way (expected one at a time)");
      }
      running = true;
    }
  }

  private void endRun() {
    synchronized (runLock) {
      running = false;
      if (terminated) {
        terminated = false;
        api.call(OrtFunction.UNSET_TERMINATE, session.runOptions());
      }
    }
  }

  @Override
  public void close() {
    synchronized (runLock) {
      if (running) {
        throw new IllegalStateException("a run is under way (expected none at close)");
      }
      if (closed) {
        return;
      }
      closed = true;
    }
    session.close();
  }

  private InferenceException failed(OrtFailure failure, List<NamedTensor> inputs) {
    synchronized (runLock) {
      if (terminated) {
        return new InferenceException(ErrorCode.EXECUTION_FAILED, "the run was terminated");
      }
    }
    for (TensorSpec declared : ports.signature().inputs()) {
      String name = declared.name();
      if (!declared.optional() && inputs.stream().noneMatch(input -> input.name().equals(name))) {
        return InferenceException.invalidInput("input '%s' is missing", name);
      }
    }
    if (failure.isArenaFull() && session.arena() != null && mostRunBytes > 0) {
      return new InferenceException(
          ErrorCode.REQUEST_TOO_LARGE,
          "the run takes more than %d bytes of memory (expected: <= that, max-run-memory): %s"
              .formatted(mostRunBytes, failure.reason()));
    }
    return new InferenceException(codeOf(failure), failure.reason());
  }

  private static ErrorCode codeOf(OrtFailure failure) {
    if (failure.isOutOfMemory()) {
      return ErrorCode.MEMORY_EXHAUSTED;
    }
    return failure.isInvalidArgument() ? ErrorCode.INVALID_INPUT : ErrorCode.EXECUTION_FAILED;
  }

  private static void requireAtMost(String what, int count, int bound) {
    if (count > bound) {
      throw InferenceException.invalidInput("%d %s (expected: <= %d)", count, what, bound);
    }
  }
}
