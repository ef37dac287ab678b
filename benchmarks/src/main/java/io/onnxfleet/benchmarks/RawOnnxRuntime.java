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
        tensors.put(node.getName(), tensor(node, rows, tokens, random));
      }
      return batch;
    } catch (Throwable e) {
      batch.close();
      throw e;
    }
  }

  private OnnxTensor tensor(NodeInfo node, int rows, int tokens, RandomGenerator random)
      throws OrtException {
    if (!(node.getInfo() instanceof TensorInfo info)) {
      throw new IllegalArgumentException(
          "input '%s': %s (expected: a tensor)".formatted(node.getName(), node.getInfo()));
    }
    ModelInput input =
        new ModelInput(
            node.getName(), datatype(info.type), Arrays.stream(info.getShape()).boxed().toList());
    List<Long> shape = input.shape(rows, tokens);
    byte[] bytes = input.binary(input.values(shape, random));
    ByteBuffer data = ByteBuffer.allocateDirect(bytes.length).order(ByteOrder.nativeOrder());
    return OnnxTensor.createTensor(
        environment,
        data.put(bytes).flip(),
        shape.stream().mapToLong(Long::longValue).toArray(),
        info.type);
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
