package io.onnxfleet.optimizer.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtLoggingLevel;
import ai.onnxruntime.OrtSession;
import io.onnxfleet.optimizer.TestModels;
import io.onnxfleet.optimizer.graph.Tensor;
import io.onnxfleet.optimizer.sample.TextSamples;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * What a run of a model costs the optimizer by the engine's binding, against ONNX Runtime's own
 * Java API: inputs prepared, answers dropped, one thread, in turns. CPU time is that of the thread
 * that runs, which other work on the machine changes little. Not among the tests that a build runs:
 *
 * <pre>benchmarks/optimizer-binding.sh</pre>
 */
class BindingBenchmark {
  private static final int ROUNDS = Integer.getInteger("rounds", 15);

  @TempDir private Path folder;

  @Test
  void perceptron() throws Exception {
    Path file = TestModels.write(folder.resolve("m.onnx"), TestModels.perceptron(new Random(1)));
    Tensor row = Tensor.ofFloats(new float[16], 1, 16);
    compare("perceptron", file, List.of(new TensorValue("x", row)), 5_000);
  }

  @Test
  void miniLm() throws Exception {
    Path file = TestModels.miniLm();
    Random random = new Random(2);
    List<long[]> rows =
        IntStream.range(0, 8).mapToObj(_ -> random.longs(32, 1000, 20_000).toArray()).toList();
    List<TensorValue> inputs;
    try (LocalModel model = LocalModel.open(file, SessionSettings.DEFAULT, null)) {
      inputs = TextSamples.rows(model.inputs(), rows);
    }
    compare("all-MiniLM-L6-v2, 8 x 32 tokens", file, inputs, 1);
  }

  /** Runs so many times. */
  @FunctionalInterface
  private interface Turn {
    void run(int times) throws Exception;
  }

  /** Seconds of the clock and of the CPU, of one run. */
  private record Cost(double clock, double cpu) {
    static Cost of(Turn turn, int runs) throws Exception {
      long clock = System.nanoTime();
      long cpu = ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
      turn.run(runs);
      return new Cost(
          (System.nanoTime() - clock) / 1e9 / runs,
          (ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime() - cpu) / 1e9 / runs);
    }
  }

  private static void compare(String name, Path file, List<TensorValue> values, int runs)
      throws Exception {
    OrtEnvironment environment =
        OrtEnvironment.getEnvironment(OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL);
    Map<String, OnnxTensor> theirInputs = new HashMap<>();
    try (LocalModel ours = LocalModel.open(file, SessionSettings.DEFAULT, null);
        LocalModel.Inputs ourInputs = ours.prepare(values);
        OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
      options.setIntraOpNumThreads(1);
      options.setInterOpNumThreads(1);
      try (OrtSession theirs = environment.createSession(file.toString(), options)) {
        for (TensorValue value : values) {
          theirInputs.put(value.name(), tensor(environment, value.tensor()));
        }
        Turn byEngine = times -> assertThat(ours.exercise(ourInputs, times)).isPositive();
        Turn byJava =
            times -> {
              for (int run = 0; run < times; run++) {
                theirs.run(theirInputs).close();
              }
            };
        for (int warmUp = 0; warmUp < 4; warmUp++) {
          byEngine.run(runs);
          byJava.run(runs);
        }
        report(name, byEngine, byJava, runs);
      }
    } finally {
      theirInputs.values().forEach(OnnxTensor::close);
    }
  }

  private static OnnxTensor tensor(OrtEnvironment environment, Tensor tensor) throws Exception {
    return switch (tensor.type()) {
      case FLOAT ->
          OnnxTensor.createTensor(environment, direct(tensor).asFloatBuffer(), tensor.dimensions());
      case INT64 ->
          OnnxTensor.createTensor(environment, direct(tensor).asLongBuffer(), tensor.dimensions());
      default -> throw new IllegalArgumentException(tensor.type() + " as an input");
    };
  }

  private static java.nio.ByteBuffer direct(Tensor tensor) {
    return java.nio.ByteBuffer.allocateDirect(Math.toIntExact(tensor.bytes()))
        .order(java.nio.ByteOrder.nativeOrder())
        .put(tensor.data())
        .flip();
  }

  private static void report(String name, Turn byEngine, Turn byJava, int runs) throws Exception {
    Cost[] engine = new Cost[ROUNDS];
    Cost[] java = new Cost[ROUNDS];
    for (int round = 0; round < ROUNDS; round++) {
      if (round % 2 == 0) {
        engine[round] = Cost.of(byEngine, runs);
        java[round] = Cost.of(byJava, runs);
      } else {
        java[round] = Cost.of(byJava, runs);
        engine[round] = Cost.of(byEngine, runs);
      }
    }
    double[] clock = new double[ROUNDS];
    double[] cpu = new double[ROUNDS];
    for (int round = 0; round < ROUNDS; round++) {
      clock[round] = engine[round].clock() / java[round].clock();
      cpu[round] = engine[round].cpu() / java[round].cpu();
    }
    System.out.printf(
        "%s: engine %.1f us (CPU %.1f), Java API %.1f us (CPU %.1f); ratio of pairs %.3f (%.3f to"
            + " %.3f), of CPU time %.3f (%.3f to %.3f)%n",
        name,
        1e6 * median(Arrays.stream(engine).mapToDouble(Cost::clock)),
        1e6 * median(Arrays.stream(engine).mapToDouble(Cost::cpu)),
        1e6 * median(Arrays.stream(java).mapToDouble(Cost::clock)),
        1e6 * median(Arrays.stream(java).mapToDouble(Cost::cpu)),
        quantile(clock, 0.5),
        quantile(clock, 0.25),
        quantile(clock, 0.75),
        quantile(cpu, 0.5),
        quantile(cpu, 0.25),
        quantile(cpu, 0.75));
  }

  private static double median(java.util.stream.DoubleStream values) {
    return quantile(values.toArray(), 0.5);
  }

  private static double quantile(double[] values, double share) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    return sorted[(int) Math.round((sorted.length - 1) * share)];
  }
}
