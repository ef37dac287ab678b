package io.onnxfleet.engine.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtLoggingLevel;
import ai.onnxruntime.OrtSession;
import io.onnxfleet.engine.tensor.BufferPool;
import io.onnxfleet.engine.tensor.DataType;
import io.onnxfleet.engine.tensor.NamedTensor;
import io.onnxfleet.engine.tensor.Shape;
import io.onnxfleet.engine.tensor.Tensor;
import io.onnxfleet.testing.model.TinyModel;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * One run through the C API against one through the runtime's own Java API: from arrays in Java to
 * an output in Java, one thread, in pairs and in turns. Not among the tests that a build runs:
 *
 * <pre>mvn -pl inference-engine test -Dtest=RuntimeOverheadBenchmark</pre>
 */
class RuntimeOverheadBenchmark {
  private static final int ROUNDS = 21;

  private final BufferPool pool = BufferPool.ofDefaults();
  private final ai.onnxruntime.OrtEnvironment java =
      ai.onnxruntime.OrtEnvironment.getEnvironment(OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL);

  @TempDir Path folder;

  @Test
  void tinyModel() throws Exception {
    Path model = TinyModel.identity(DataType.FP32, "1", "5").writeTo(folder);
    float[] values = {1, 2, 3, 4, 5};
    FloatBuffer buffer = direct(20).asFloatBuffer();
    try (ModelSession ours = new OnnxRuntime(pool).open(model, SessionOptions.cpu(1));
        OrtSession theirs = openByJava(model)) {
      Callable<Float> byC =
          () -> {
            try (Tensor x = Tensor.ofFloats(pool, Shape.of(1, 5), values);
                Tensor y = ours.run(List.of(new NamedTensor("x", x)), List.of("y")).getFirst()) {
              return y.data().getFloat(16);
            }
          };
      Callable<Float> byJava =
          () -> {
            buffer.clear().put(values).flip();
            try (OnnxTensor x = OnnxTensor.createTensor(java, buffer, new long[] {1, 5});
                OrtSession.Result result = theirs.run(Map.of("x", x))) {
              return ((OnnxTensor) result.get(0)).getFloatBuffer().get(4);
            }
          };
      compare("identity of FP32[1,5]", byC, byJava, 20_000);
    }
  }

  @Test
  void sentenceModel() throws Exception {
    Path model =
        Path.of(System.getProperty("fleet.root", ".."), "models/all-minilm-l6-v2/1/model.onnx");
    Assumptions.assumeTrue(Files.exists(model), model + " is not there");
    List<String> names = List.of("input_ids", "attention_mask", "token_type_ids");
    long[] tokens = new long[8 * 32];
    Arrays.fill(tokens, 1);
    try (ModelSession ours = new OnnxRuntime(pool).open(model, SessionOptions.cpu(1));
        OrtSession theirs = openByJava(model)) {
      Callable<Float> byC =
          () -> {
            List<NamedTensor> inputs =
                names.stream()
                    .map(
                        name ->
                            new NamedTensor(name, Tensor.ofLongs(pool, Shape.of(8, 32), tokens)))
                    .toList();
            try (Tensor y = ours.run(inputs, List.of("last_hidden_state")).getFirst()) {
              return y.data().getFloat(0);
            } finally {
              inputs.forEach(input -> input.tensor().close());
            }
          };
      Callable<Float> byJava =
          () -> {
            Map<String, OnnxTensor> inputs = new HashMap<>();
            for (String name : names) {
              LongBuffer buffer = direct(8 * tokens.length).asLongBuffer().put(tokens).flip();
              inputs.put(name, OnnxTensor.createTensor(java, buffer, new long[] {8, 32}));
            }
            try (OrtSession.Result result = theirs.run(inputs)) {
              return ((OnnxTensor) result.get(0)).getFloatBuffer().get(0);
            } finally {
              inputs.values().forEach(OnnxTensor::close);
            }
          };
      compare("all-MiniLM-L6-v2, 8 x 32 tokens", byC, byJava, 2);
    }
  }

  private OrtSession openByJava(Path model) throws Exception {
    try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
      options.setIntraOpNumThreads(1);
      options.setInterOpNumThreads(1);
      options.addConfigEntry("session.intra_op.allow_spinning", "0");
      return java.createSession(model.toString(), options);
    }
  }

  private static void compare(String what, Callable<Float> byC, Callable<Float> byJava, int runs)
      throws Exception {
    assertThat(byC.call()).isEqualTo(byJava.call());
    double[] ours = new double[ROUNDS];
    double[] theirs = new double[ROUNDS];
    double[] ratios = new double[ROUNDS];
    micros(byC, runs);
    micros(byJava, runs);
    for (int round = 0; round < ROUNDS; round++) {
      if (round % 2 == 0) {
        ours[round] = micros(byC, runs);
        theirs[round] = micros(byJava, runs);
      } else {
        theirs[round] = micros(byJava, runs);
        ours[round] = micros(byC, runs);
      }
      ratios[round] = ours[round] / theirs[round];
    }
    System.out.printf(
        "%s: %.1f µs by the C API, %.1f µs by the Java API, ratio %.2f (medians of %d)%n",
        what, median(ours), median(theirs), median(ratios), ROUNDS);
  }

  private static double micros(Callable<Float> once, int runs) throws Exception {
    long start = System.nanoTime();
    float sum = 0;
    for (int run = 0; run < runs; run++) {
      sum += once.call();
    }
    double micros = (System.nanoTime() - start) / 1e3 / runs;
    assertThat(sum).isFinite();
    return micros;
  }

  private static double median(double[] values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    return sorted[sorted.length / 2];
  }

  private static ByteBuffer direct(int bytes) {
    return ByteBuffer.allocateDirect(bytes).order(ByteOrder.nativeOrder());
  }
}
