package io.onnxfleet.optimizer.runtime;

import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.runtime.ExecutionProvider;
import io.onnxfleet.engine.runtime.GraphSettings;
import io.onnxfleet.engine.runtime.ModelSession;
import io.onnxfleet.engine.runtime.OnnxRuntime;
import io.onnxfleet.engine.runtime.SessionOptions;
import io.onnxfleet.engine.tensor.BufferPool;
import io.onnxfleet.engine.tensor.BytesElements;
import io.onnxfleet.engine.tensor.DataType;
import io.onnxfleet.engine.tensor.NamedTensor;
import io.onnxfleet.engine.tensor.Shape;
import io.onnxfleet.engine.tensor.TensorSpec;
import io.onnxfleet.optimizer.OptimizerException;
import io.onnxfleet.optimizer.graph.ElementType;
import io.onnxfleet.optimizer.graph.Tensor;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A model file opened by the engine's binding of ONNX Runtime, on the CPU and in this process: the
 * inner side of {@link RuntimeProcess}. It runs as a replica would run it. Holds native memory
 * until it is closed, which no run may outlast.
 */
final class LocalModel implements AutoCloseable {
  /** Inputs and outputs of one run at a time: what bounds them is the process's direct memory. */
  private static final BufferPool POOL = new BufferPool(64L << 20, Long.MAX_VALUE);

  private static final OnnxRuntime RUNTIME = new OnnxRuntime(POOL);

  private final Path file;
  private final ModelSession session;

  /** The outputs that are tensors; what else there is, nobody here asks for. */
  private final List<String> outputs;

  private LocalModel(Path file, ModelSession session) {
    this.file = file;
    this.session = session;
    this.outputs =
        session.signature().outputs().stream()
            .filter(LocalModel::isTensor)
            .map(TensorSpec::name)
            .toList();
  }

  /**
   * Opens a file.
   *
   * @param optimized where ONNX Runtime writes the graph that it made of it, or null
   * @throws OptimizerException with ONNX Runtime's reason if it refuses the model
   */
  static LocalModel open(Path file, SessionSettings settings, @Nullable Path optimized) {
    SessionOptions options = options(settings);
    try {
      return new LocalModel(
          file,
          optimized == null
              ? RUNTIME.open(file, options)
              : RUNTIME.openAndSave(file, options, optimized));
    } catch (InferenceException refused) {
      throw new OptimizerException(
          "%s: ONNX Runtime refuses the model: %s".formatted(file, refused.getMessage()), refused);
    }
  }

  private static SessionOptions options(SessionSettings settings) {
    GraphSettings.Optimization level =
        switch (settings.level()) {
          case NONE -> GraphSettings.Optimization.NONE;
          case BASIC -> GraphSettings.Optimization.BASIC;
          case EXTENDED -> GraphSettings.Optimization.EXTENDED;
          case ALL -> GraphSettings.Optimization.ALL;
        };
    GraphSettings usual = GraphSettings.DEFAULT;
    return new SessionOptions(
        List.of(ExecutionProvider.CPU),
        null,
        Map.of(),
        settings.threads(),
        0,
        Map.of(),
        new GraphSettings(
            level,
            usual.interOpThreads(),
            usual.parallel(),
            usual.memoryArena(),
            usual.memoryPattern(),
            usual.shrinkArena()));
  }

  private static boolean isTensor(TensorSpec spec) {
    return spec.form() == TensorSpec.Form.TENSOR || spec.form() == TensorSpec.Form.UNRANKED;
  }

  /** What a run must be given. */
  List<InputSpec> inputs() {
    return session.signature().inputs().stream()
        .filter(input -> !input.optional())
        .map(
            input ->
                isTensor(input)
                    ? new InputSpec(
                        input.name(),
                        type(input.dataType()),
                        Arrays.stream(input.shape().dims()).boxed().toList())
                    : new InputSpec(input.name(), Optional.empty(), List.of()))
        .toList();
  }

  /** The types of the outputs that are tensors of a type known here, by name. */
  Map<String, ElementType> outputTypes() {
    Map<String, ElementType> types = new LinkedHashMap<>();
    for (TensorSpec output : session.signature().outputs()) {
      if (isTensor(output)) {
        type(output.dataType()).ifPresent(type -> types.put(output.name(), type));
      }
    }
    return types;
  }

  /** Prepares inputs that can be run again and again. */
  Inputs prepare(List<TensorValue> values) {
    List<NamedTensor> tensors = new ArrayList<>();
    Inputs inputs = new Inputs(tensors);
    try {
      for (TensorValue value : values) {
        tensors.add(new NamedTensor(value.name(), tensor(value)));
      }
      return inputs;
    } catch (InferenceException failure) {
      inputs.close();
      throw failed(failure);
    } catch (Throwable failure) {
      inputs.close();
      throw failure;
    }
  }

  /**
   * Runs so many times and drops the answers: for the clock.
   *
   * @return how many nanoseconds that took
   */
  long exercise(Inputs inputs, int runs) {
    try {
      long from = System.nanoTime();
      for (int run = 0; run < runs; run++) {
        answers(inputs).forEach(io.onnxfleet.engine.tensor.Tensor::close);
      }
      return Math.max(1, System.nanoTime() - from);
    } catch (InferenceException failure) {
      throw failed(failure);
    }
  }

  /**
   * Runs once. Of the outputs, those that are tensors of numbers come back, as FP32 if floating.
   */
  List<TensorValue> run(List<TensorValue> values) {
    List<io.onnxfleet.engine.tensor.Tensor> answers = List.of();
    try (Inputs inputs = prepare(values)) {
      answers = answers(inputs);
      List<TensorValue> results = new ArrayList<>();
      for (int index = 0; index < answers.size(); index++) {
        String name = outputs.get(index);
        read(answers.get(index)).ifPresent(read -> results.add(new TensorValue(name, read)));
      }
      return results;
    } catch (InferenceException failure) {
      throw failed(failure);
    } finally {
      answers.forEach(io.onnxfleet.engine.tensor.Tensor::close);
    }
  }

  private List<io.onnxfleet.engine.tensor.Tensor> answers(Inputs inputs) {
    if (!outputs.isEmpty()) {
      return session.run(inputs.tensors, outputs);
    }
    // It still is to be seen whether it runs.
    String other = session.signature().outputs().getFirst().name();
    session.run(inputs.tensors, List.of(other)).forEach(io.onnxfleet.engine.tensor.Tensor::close);
    return List.of();
  }

  private OptimizerException failed(InferenceException failure) {
    if (failure.code() == ErrorCode.MEMORY_EXHAUSTED) {
      return new OptimizerException(
          "out of memory: %s (expected: fewer or smaller samples)".formatted(failure.getMessage()),
          failure);
    }
    return new OptimizerException("%s: %s".formatted(file, failure.getMessage()), failure);
  }

  private io.onnxfleet.engine.tensor.Tensor tensor(TensorValue value) {
    Optional<TensorSpec> declared =
        session.signature().inputs().stream()
            .filter(input -> input.name().equals(value.name()))
            .findFirst();
    if (declared.isEmpty()) {
      throw InferenceException.invalidInput("no input '%s'", value.name());
    }
    Tensor given = value.tensor();
    // FP32 in half precision, where the model takes that: samples fit it as they fit the original.
    boolean halved =
        given.type() == ElementType.FLOAT && declared.get().dataType() == DataType.FP16;
    DataType type = halved ? DataType.FP16 : dataType(given.type());
    if (type != declared.get().dataType()) {
      throw InferenceException.invalidInput(
          "input '%s' is %s (expected: %s)", value.name(), type, declared.get().dataType());
    }
    io.onnxfleet.engine.tensor.Tensor tensor =
        io.onnxfleet.engine.tensor.Tensor.allocate(POOL, type, Shape.of(given.dimensions()));
    ByteBuffer data = tensor.data();
    if (halved) {
      FloatBuffer numbers = given.floatBuffer();
      while (numbers.hasRemaining()) {
        data.putShort(Float.floatToFloat16(numbers.get()));
      }
    } else {
      data.put(given.data());
    }
    return tensor;
  }

  private static Optional<Tensor> read(io.onnxfleet.engine.tensor.Tensor tensor) {
    long[] shape = tensor.shape().dims();
    ByteBuffer data = tensor.data();
    int count = Math.toIntExact(tensor.shape().elementCount());
    return switch (tensor.dataType()) {
      case FP32 -> {
        float[] values = new float[count];
        data.asFloatBuffer().get(values);
        yield Optional.of(Tensor.ofFloats(values, shape));
      }
      case FP16, BF16, FP64 -> {
        float[] values = new float[count];
        for (int index = 0; index < count; index++) {
          values[index] =
              switch (tensor.dataType()) {
                case FP16 -> Float.float16ToFloat(data.getShort());
                case BF16 -> Float.intBitsToFloat(data.getShort() << Short.SIZE);
                default -> (float) data.getDouble();
              };
        }
        yield Optional.of(Tensor.ofFloats(values, shape));
      }
      case INT64, UINT64 -> {
        long[] values = new long[count];
        data.asLongBuffer().get(values);
        yield Optional.of(Tensor.ofLongs(values, shape));
      }
      case INT32, UINT32 -> {
        long[] values = new long[count];
        for (int index = 0; index < count; index++) {
          int value = data.getInt();
          values[index] =
              tensor.dataType() == DataType.INT32 ? value : Integer.toUnsignedLong(value);
        }
        yield Optional.of(Tensor.ofLongs(values, shape));
      }
      case BYTES ->
          // Labels: what counts is whether two of them are the same.
          Optional.of(
              Tensor.ofLongs(
                  BytesElements.readStrings(tensor).stream().mapToLong(String::hashCode).toArray(),
                  shape));
      case UINT8, INT8, INT16, UINT16, BOOL -> Optional.empty();
    };
  }

  private static DataType dataType(ElementType type) {
    return switch (type) {
      case FLOAT -> DataType.FP32;
      case DOUBLE -> DataType.FP64;
      case FLOAT16 -> DataType.FP16;
      case BFLOAT16 -> DataType.BF16;
      case INT64 -> DataType.INT64;
      case INT32 -> DataType.INT32;
      case INT16 -> DataType.INT16;
      case INT8 -> DataType.INT8;
      case UINT64 -> DataType.UINT64;
      case UINT32 -> DataType.UINT32;
      case UINT16 -> DataType.UINT16;
      case UINT8 -> DataType.UINT8;
      case BOOL -> DataType.BOOL;
    };
  }

  private static Optional<ElementType> type(DataType type) {
    return Arrays.stream(ElementType.values()).filter(known -> dataType(known) == type).findFirst();
  }

  @Override
  public void close() {
    session.close();
  }

  /** Inputs of runs, in native memory until they are closed. */
  static final class Inputs implements AutoCloseable {
    private final List<NamedTensor> tensors;

    private Inputs(List<NamedTensor> tensors) {
      this.tensors = tensors;
    }

    @Override
    public void close() {
      tensors.forEach(tensor -> tensor.tensor().close());
      tensors.clear();
    }
  }
}
