package io.onnxfleet.optimizer.runtime;

import ai.onnxruntime.NodeInfo;
import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OnnxValue;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtLoggingLevel;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.OrtSession.SessionOptions;
import ai.onnxruntime.OrtSession.SessionOptions.OptLevel;
import ai.onnxruntime.TensorInfo;
import io.onnxfleet.optimizer.OptimizerException;
import io.onnxfleet.optimizer.graph.ElementType;
import io.onnxfleet.optimizer.graph.Tensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A model file opened by ONNX Runtime on the CPU, in this process: the inner side of {@link
 * RuntimeProcess}. Holds native memory until it is closed, which no run may outlast.
 */
final class LocalModel implements AutoCloseable {
  /** 8-bit products exactly, as the fleet computes them; a CPU with VNNI does so anyway. */
  private static final String EXACT_8_BIT = "session.x64quantprecision";

  private final Path file;
  private final SessionOptions options;
  private final OrtSession session;

  private LocalModel(Path file, SessionOptions options, OrtSession session) {
    this.file = file;
    this.options = options;
    this.session = session;
  }

  /**
   * Opens a file.
   *
   * @param optimized where ONNX Runtime writes the graph that it made of it, or null
   * @throws OptimizerException with ONNX Runtime's reason if it refuses the model
   */
  static LocalModel open(Path file, SessionSettings settings, @Nullable Path optimized) {
    SessionOptions options = new SessionOptions();
    boolean opened = false;
    try {
      options.setIntraOpNumThreads(settings.threads());
      options.setInterOpNumThreads(1);
      options.setSessionLogLevel(OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR);
      options.setOptimizationLevel(
          switch (settings.level()) {
            case NONE -> OptLevel.NO_OPT;
            case BASIC -> OptLevel.BASIC_OPT;
            case EXTENDED -> OptLevel.EXTENDED_OPT;
            case ALL -> OptLevel.ALL_OPT;
          });
      options.addConfigEntry(EXACT_8_BIT, "1");
      if (optimized != null) {
        options.setOptimizedModelFilePath(optimized.toString());
      }
      OrtSession session = OrtEnvironment.getEnvironment().createSession(file.toString(), options);
      opened = true;
      return new LocalModel(file, options, session);
    } catch (OrtException refused) {
      throw new OptimizerException(
          "%s: ONNX Runtime refuses the model: %s".formatted(file, refused.getMessage()), refused);
    } finally {
      if (!opened) {
        options.close();
      }
    }
  }

  /** What a run must be given. */
  List<InputSpec> inputs() {
    List<InputSpec> inputs = new ArrayList<>();
    try {
      for (NodeInfo input : session.getInputInfo().values()) {
        if (input.getInfo() instanceof TensorInfo info) {
          inputs.add(
              new InputSpec(
                  input.getName(), type(info), Arrays.stream(info.getShape()).boxed().toList()));
        } else {
          inputs.add(new InputSpec(input.getName(), Optional.empty(), List.of()));
        }
      }
    } catch (OrtException failure) {
      throw failed(failure);
    }
    return inputs;
  }

  /** The types of the outputs that are tensors of a type known here, by name. */
  Map<String, ElementType> outputTypes() {
    Map<String, ElementType> types = new LinkedHashMap<>();
    try {
      for (NodeInfo output : session.getOutputInfo().values()) {
        if (output.getInfo() instanceof TensorInfo info) {
          type(info).ifPresent(type -> types.put(output.getName(), type));
        }
      }
    } catch (OrtException failure) {
      throw failed(failure);
    }
    return types;
  }

  /**
   * FP32 in half precision, where the model takes that: samples fit it as they fit the original.
   */
  private TensorValue asTaken(TensorValue value) throws OrtException {
    NodeInfo input = session.getInputInfo().get(value.name());
    if (value.tensor().type() != ElementType.FLOAT
        || input == null
        || !(input.getInfo() instanceof TensorInfo info)
        || info.type != OnnxJavaType.FLOAT16) {
      return value;
    }
    ByteBuffer data = Tensor.allocate(2 * value.tensor().elements());
    FloatBuffer numbers = value.tensor().floatBuffer();
    while (numbers.hasRemaining()) {
      data.putShort(Float.floatToFloat16(numbers.get()));
    }
    return new TensorValue(
        value.name(), Tensor.of(ElementType.FLOAT16, data.flip(), value.tensor().dimensions()));
  }

  /** Prepares inputs that can be run again and again. */
  Inputs prepare(List<TensorValue> values) {
    Map<String, OnnxTensor> tensors = new HashMap<>();
    Inputs inputs = new Inputs(tensors);
    try {
      for (TensorValue value : values) {
        tensors.put(value.name(), tensor(asTaken(value)));
      }
      return inputs;
    } catch (OrtException failure) {
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
        session.run(inputs.tensors).close();
      }
      return Math.max(1, System.nanoTime() - from);
    } catch (OrtException failure) {
      throw failed(failure);
    }
  }

  /**
   * Runs once. Of the outputs, those that are tensors of numbers come back, as FP32 if floating.
   */
  List<TensorValue> run(List<TensorValue> values) {
    try (Inputs inputs = prepare(values);
        OrtSession.Result result = session.run(inputs.tensors)) {
      List<TensorValue> outputs = new ArrayList<>();
      for (Map.Entry<String, OnnxValue> output : result) {
        if (output.getValue() instanceof OnnxTensor tensor) {
          read(tensor).ifPresent(read -> outputs.add(new TensorValue(output.getKey(), read)));
        }
      }
      return outputs;
    } catch (OrtException failure) {
      throw failed(failure);
    }
  }

  private OptimizerException failed(OrtException failure) {
    return new OptimizerException("%s: %s".formatted(file, failure.getMessage()), failure);
  }

  private static OnnxTensor tensor(TensorValue value) throws OrtException {
    Tensor tensor = value.tensor();
    ByteBuffer data =
        ByteBuffer.allocateDirect(Math.toIntExact(tensor.bytes())).order(ByteOrder.nativeOrder());
    data.put(tensor.data()).flip();
    OrtEnvironment environment = OrtEnvironment.getEnvironment();
    long[] shape = tensor.dimensions();
    return switch (tensor.type()) {
      case FLOAT -> OnnxTensor.createTensor(environment, data.asFloatBuffer(), shape);
      case DOUBLE -> OnnxTensor.createTensor(environment, data.asDoubleBuffer(), shape);
      case INT64 -> OnnxTensor.createTensor(environment, data.asLongBuffer(), shape);
      case INT32 -> OnnxTensor.createTensor(environment, data.asIntBuffer(), shape);
      case INT16 -> OnnxTensor.createTensor(environment, data.asShortBuffer(), shape);
      case UINT8 -> OnnxTensor.createTensor(environment, data, shape, OnnxJavaType.UINT8);
      case INT8 -> OnnxTensor.createTensor(environment, data, shape, OnnxJavaType.INT8);
      case BOOL -> OnnxTensor.createTensor(environment, data, shape, OnnxJavaType.BOOL);
      case FLOAT16 ->
          OnnxTensor.createTensor(environment, data.asShortBuffer(), shape, OnnxJavaType.FLOAT16);
      case BFLOAT16 ->
          OnnxTensor.createTensor(environment, data.asShortBuffer(), shape, OnnxJavaType.BFLOAT16);
      case UINT16, UINT32, UINT64 ->
          throw new OptimizerException(
              "input '%s' is %s, which ONNX Runtime's Java API cannot pass"
                  .formatted(value.name(), tensor.type()));
    };
  }

  private static Optional<Tensor> read(OnnxTensor tensor) throws OrtException {
    TensorInfo info = tensor.getInfo();
    long[] shape = info.getShape();
    return switch (info.type) {
      case FLOAT, FLOAT16, BFLOAT16 -> {
        float[] values = new float[Math.toIntExact(info.getNumElements())];
        tensor.getFloatBuffer().get(values);
        yield Optional.of(Tensor.ofFloats(values, shape));
      }
      case DOUBLE -> {
        double[] values = new double[Math.toIntExact(info.getNumElements())];
        tensor.getDoubleBuffer().get(values);
        float[] narrowed = new float[values.length];
        for (int index = 0; index < values.length; index++) {
          narrowed[index] = (float) values[index];
        }
        yield Optional.of(Tensor.ofFloats(narrowed, shape));
      }
      case INT64 -> {
        long[] values = new long[Math.toIntExact(info.getNumElements())];
        tensor.getLongBuffer().get(values);
        yield Optional.of(Tensor.ofLongs(values, shape));
      }
      case INT32 -> {
        int[] values = new int[Math.toIntExact(info.getNumElements())];
        tensor.getIntBuffer().get(values);
        long[] widened = new long[values.length];
        for (int index = 0; index < values.length; index++) {
          widened[index] = values[index];
        }
        yield Optional.of(Tensor.ofLongs(widened, shape));
      }
      case STRING -> {
        // Labels: what counts is whether two of them are the same.
        List<Long> labels = new ArrayList<>();
        addLabels(tensor.getValue(), labels);
        yield Optional.of(
            Tensor.ofLongs(labels.stream().mapToLong(Long::longValue).toArray(), shape));
      }
      case UINT8, INT8, INT16, BOOL, UNKNOWN -> Optional.empty();
    };
  }

  private static void addLabels(Object texts, List<Long> labels) {
    if (texts instanceof Object[] array) {
      for (Object inner : array) {
        addLabels(inner, labels);
      }
    } else {
      labels.add((long) texts.hashCode());
    }
  }

  private static Optional<ElementType> type(TensorInfo info) {
    return switch (info.onnxType) {
      case ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT -> Optional.of(ElementType.FLOAT);
      case ONNX_TENSOR_ELEMENT_DATA_TYPE_DOUBLE -> Optional.of(ElementType.DOUBLE);
      case ONNX_TENSOR_ELEMENT_DATA_TYPE_INT64 -> Optional.of(ElementType.INT64);
      case ONNX_TENSOR_ELEMENT_DATA_TYPE_INT32 -> Optional.of(ElementType.INT32);
      case ONNX_TENSOR_ELEMENT_DATA_TYPE_INT16 -> Optional.of(ElementType.INT16);
      case ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT8 -> Optional.of(ElementType.UINT8);
      case ONNX_TENSOR_ELEMENT_DATA_TYPE_INT8 -> Optional.of(ElementType.INT8);
      case ONNX_TENSOR_ELEMENT_DATA_TYPE_BOOL -> Optional.of(ElementType.BOOL);
      case ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT16 -> Optional.of(ElementType.FLOAT16);
      case ONNX_TENSOR_ELEMENT_DATA_TYPE_BFLOAT16 -> Optional.of(ElementType.BFLOAT16);
      default -> Optional.empty();
    };
  }

  @Override
  public void close() {
    try {
      session.close();
    } catch (OrtException failure) {
      throw failed(failure);
    } finally {
      options.close();
    }
  }

  /** Inputs of runs, in native memory until they are closed. */
  static final class Inputs implements AutoCloseable {
    private final Map<String, OnnxTensor> tensors;

    private Inputs(Map<String, OnnxTensor> tensors) {
      this.tensors = tensors;
    }

    @Override
    public void close() {
      tensors.values().forEach(OnnxTensor::close);
      tensors.clear();
    }
  }
}
