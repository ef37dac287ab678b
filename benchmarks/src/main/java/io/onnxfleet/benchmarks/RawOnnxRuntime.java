package io.onnxfleet.benchmarks;

import ai.onnxruntime.NodeInfo;
import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.TensorInfo;
import ai.onnxruntime.providers.OrtCUDAProviderOptions;
import io.onnxfleet.benchmarks.client.ModelInput;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;

/**
 * ONNX Runtime in this process, called by its official Java API: what a fleet cannot beat. A call
 * takes a free session and waits for one if there is none. Thread-safe, but for {@link #close},
 * which releases all of it.
 */
final class RawOnnxRuntime implements AutoCloseable {
  private final OrtEnvironment environment = OrtEnvironment.getEnvironment();
  private final Split split;
  private final Device device;
  private final List<OrtSession> sessions = new ArrayList<>();
  private final BlockingQueue<OrtSession> free;

  /** What the sessions run on. */
  enum Device {
    CPU,
    /** The first device, told the same as the fleet tells the provider. */
    CUDA;

    private void addTo(OrtSession.SessionOptions options) throws OrtException {
      if (this == CUDA) {
        try (OrtCUDAProviderOptions cuda = new OrtCUDAProviderOptions(0)) {
          cuda.add("cudnn_conv_algo_search", "HEURISTIC");
          cuda.add("arena_extend_strategy", "kSameAsRequested");
          options.addCUDA(cuda);
        }
      }
    }
  }

  /** How CPUs are divided: so many sessions of so many threads. */
  record Split(int sessions, int threads) {
    Split {
      if (sessions < 1 || threads < 1 || sessions > 1_024 || threads > 1_024) {
        throw new IllegalArgumentException(
            sessions + "x" + threads + " (expected: both from 1 to 1024)");
      }
    }

    static Split parse(String text) {
      String[] parts = text.split("x", -1);
      try {
        if (parts.length == 2) {
          return new Split(Integer.parseInt(parts[0]), Integer.parseInt(parts[1]));
        }
      } catch (NumberFormatException e) {
        // told below
      }
      throw new IllegalArgumentException("'" + text + "' (expected: SESSIONSxTHREADS)");
    }

    /** Every way to use just so many CPUs, most sessions first. */
    static List<Split> of(int cpus) {
      return IntStream.rangeClosed(1, cpus)
          .filter(threads -> cpus % threads == 0)
          .mapToObj(threads -> new Split(cpus / threads, threads))
          .toList();
    }

    @Override
    public String toString() {
      return sessions + "x" + threads;
    }
  }

  RawOnnxRuntime(Path model, Split split, Device device) throws OrtException {
    this.split = split;
    this.device = device;
    free = new ArrayBlockingQueue<>(split.sessions);
    try {
      for (int i = 0; i < split.sessions; i++) {
        sessions.add(session(model));
      }
      free.addAll(sessions);
    } catch (Throwable e) {
      close();
      throw e;
    }
  }

  private OrtSession session(Path model) throws OrtException {
    try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
      options.setIntraOpNumThreads(split.threads);
      options.setInterOpNumThreads(1);
      device.addTo(options);
      return environment.createSession(model.toString(), options);
    }
  }

  Split split() {
    return split;
  }

  /**
   * Valid data of those sizes, the same for the same seed, with which a session runs repeatedly.
   */
  Batch batch(int rows, int tokens, long seed) throws OrtException {
    RandomGenerator random = new SplittableRandom(seed);
    Map<String, OnnxTensor> tensors = new HashMap<>();
    Batch batch = new Batch(tensors);
    try {
      for (NodeInfo node : sessions.getFirst().getInputInfo().values()) {
        ModelInput input = input(node);
        List<Long> shape = input.shape(rows, tokens);
        tensors.put(node.getName(), tensor(node, shape, input.values(shape, random)));
      }
      return batch;
    } catch (Throwable e) {
      batch.close();
      throw e;
    }
  }

  /** Token ids for a model of texts, filled up on the right to the longest row with zeros. */
  Batch batch(List<long[]> rows) throws OrtException {
    int length = rows.stream().mapToInt(row -> row.length).max().orElse(0);
    Map<String, OnnxTensor> tensors = new HashMap<>();
    Batch batch = new Batch(tensors);
    try {
      for (NodeInfo node : sessions.getFirst().getInputInfo().values()) {
        List<Long> shape = input(node).shape(rows.size(), length);
        tensors.put(node.getName(), tensor(node, shape, values(node.getName(), rows, length)));
      }
      return batch;
    } catch (Throwable e) {
      batch.close();
      throw e;
    }
  }

  /** One row of these integers for each input, of its own length. */
  Batch row(Map<String, long[]> inputs) throws OrtException {
    Map<String, OnnxTensor> tensors = new HashMap<>();
    Batch batch = new Batch(tensors);
    try {
      for (Map.Entry<String, long[]> input : inputs.entrySet()) {
        tensors.put(
            input.getKey(), OnnxTensor.createTensor(environment, new long[][] {input.getValue()}));
      }
      return batch;
    } catch (Throwable e) {
      batch.close();
      throw e;
    }
  }

  /** The numbers of one input, row by row; zero where a row is filled up. */
  static double[] values(String input, List<long[]> rows, int length) {
    double[] values = new double[Math.multiplyExact(rows.size(), length)];
    for (int row = 0; row < rows.size(); row++) {
      long[] ids = rows.get(row);
      for (int place = 0; place < ids.length; place++) {
        values[row * length + place] =
            switch (input) {
              case "input_ids" -> ids[place];
              case "attention_mask" -> 1;
              case "token_type_ids" -> 0;
              default ->
                  throw new IllegalArgumentException(
                      "input '%s' (expected: input_ids, attention_mask or token_type_ids)"
                          .formatted(input));
            };
      }
    }
    return values;
  }

  private static ModelInput input(NodeInfo node) {
    TensorInfo info = info(node);
    return new ModelInput(
        node.getName(), datatype(info.type), Arrays.stream(info.getShape()).boxed().toList());
  }

  private static TensorInfo info(NodeInfo node) {
    if (!(node.getInfo() instanceof TensorInfo info)) {
      throw new IllegalArgumentException(
          "input '%s': %s (expected: a tensor)".formatted(node.getName(), node.getInfo()));
    }
    return info;
  }

  private OnnxTensor tensor(NodeInfo node, List<Long> shape, double[] values) throws OrtException {
    byte[] bytes = input(node).binary(values);
    ByteBuffer data = ByteBuffer.allocateDirect(bytes.length).order(ByteOrder.nativeOrder());
    return OnnxTensor.createTensor(
        environment,
        data.put(bytes).flip(),
        shape.stream().mapToLong(Long::longValue).toArray(),
        info(node).type);
  }

  private static String datatype(OnnxJavaType type) {
    return switch (type) {
      case FLOAT -> "FP32";
      case DOUBLE -> "FP64";
      case FLOAT16 -> "FP16";
      case BFLOAT16 -> "BF16";
      case INT8, UINT8, INT16, INT32, INT64, BOOL -> type.name();
      case STRING, UNKNOWN ->
          throw new IllegalArgumentException("a tensor of " + type + " (expected: of numbers)");
    };
  }

  /** Runs one session once and drops the answer. */
  void run(Batch batch) throws OrtException, InterruptedException {
    OrtSession session = free.take();
    try {
      session.run(batch.tensors).close();
    } finally {
      free.add(session);
    }
  }

  @Override
  public void close() throws OrtException {
    for (OrtSession session : sessions) {
      session.close();
    }
  }

  /** Inputs of one run. Sessions may share it: they only read. */
  static final class Batch implements AutoCloseable {
    private final Map<String, OnnxTensor> tensors;

    private Batch(Map<String, OnnxTensor> tensors) {
      this.tensors = tensors;
    }

    @Override
    public void close() {
      tensors.values().forEach(OnnxTensor::close);
    }
  }
}
