package io.onnxfleet.inference.protocol.v2.codec;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.onnxfleet.engine.request.Deadline;
import io.onnxfleet.engine.request.InferenceRequest;
import io.onnxfleet.engine.request.InferenceResponse;
import io.onnxfleet.engine.tensor.BufferPool;
import io.onnxfleet.engine.tensor.NamedTensor;
import io.onnxfleet.engine.tensor.Shape;
import io.onnxfleet.engine.tensor.Tensor;
import io.onnxfleet.inference.protocol.http.Json;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.StringJoiner;
import org.junit.jupiter.api.Test;
import tools.jackson.core.JsonGenerator;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Tensors in JSON, read and written, against Jackson in pairs and in turns: time, and what the
 * thread allocated on the heap. Not among the tests that a build runs:
 *
 * <pre>mvn -pl inference-service -am test -Dtest=JsonTensorBenchmark \
 *   -Dsurefire.failIfNoSpecifiedTests=false</pre>
 */
class JsonTensorBenchmark {
  private static final int ROUNDS = 11;
  private static final int MANY = 1_000_000;
  private static final int ANSWER = 12_288;

  private final BufferPool pool = BufferPool.ofDefaults();
  private final InferRequestDecoder decoder = new InferRequestDecoder(pool);
  private final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
  private final Random random = new Random(42);

  @Test
  void decode_floatsInShortestForm() throws IOException {
    compareDecoding("1,000,000 FP32 in shortest form", false);
  }

  /** As Python writes an array of float32: through doubles. */
  @Test
  void decode_floatsWrittenAsDoubles() throws IOException {
    compareDecoding("1,000,000 FP32 written as doubles", true);
  }

  private void compareDecoding(String what, boolean asDoubles) throws IOException {
    StringJoiner data = new StringJoiner(asDoubles ? ", " : ",");
    for (int index = 0; index < MANY; index++) {
      float value = (float) random.nextGaussian();
      data.add(asDoubles ? Double.toString(value) : Float.toString(value));
    }
    byte[] body =
        ("{\"inputs\":[{\"name\":\"x\",\"shape\":[" + MANY + "],\"datatype\":\"FP32\",\"data\":[")
            .concat(data + "]}]}")
            .getBytes(StandardCharsets.UTF_8);
    float[] expected = readByTree(body);
    try (InferenceRequest request = decode(body)) {
      float[] actual = new float[MANY];
      request.inputs().getFirst().tensor().data().asFloatBuffer().get(actual);
      assertThat(actual).isEqualTo(expected);
    }
    compare(
        what + " decoded",
        () -> decode(body).close(),
        () -> assertThat(readByTree(body).length).isEqualTo(MANY),
        1);
  }

  private InferenceRequest decode(byte[] body) throws IOException {
    InferenceTarget target = new InferenceTarget("m", null, null, 0, Deadline.NONE);
    return decoder.decode(target, ArrayBody.of(body), List::of).request();
  }

  private static float[] readByTree(byte[] body) {
    JsonNode data = JsonMapper.shared().readTree(body).path("inputs").path(0).path("data");
    float[] values = new float[data.size()];
    for (int index = 0; index < values.length; index++) {
      values[index] = data.path(index).floatValue();
    }
    return values;
  }

  @Test
  void encode_anAnswerOfFloats() throws IOException {
    float[] values = new float[ANSWER];
    for (int index = 0; index < ANSWER; index++) {
      values[index] = (float) random.nextGaussian();
    }
    Tensor tensor = Tensor.ofFloats(pool, Shape.of(1, 32, ANSWER / 32), values);
    try (InferenceResponse response =
        new InferenceResponse(null, "m", 1, List.of(new NamedTensor("y", tensor)))) {
      ResponseTarget nowhere = new Nowhere();
      compare(
          "12,288 FP32 encoded",
          () -> InferResponseEncoder.encode(response, OutputForms.JSON, nowhere),
          () -> generate(tensor.data()),
          200);
    }
  }

  private static void generate(ByteBuffer data) {
    try (JsonGenerator json = Json.generator(OutputStream.nullOutputStream())) {
      json.writeStartArray();
      while (data.hasRemaining()) {
        json.writeNumber(data.getFloat());
      }
      json.writeEndArray();
    }
  }

  private void compare(String what, Run ours, Run jacksons, int runs) throws IOException {
    double[] micros = new double[ROUNDS];
    double[] jacksonMicros = new double[ROUNDS];
    double[] ratios = new double[ROUNDS];
    for (int warmUp = 0; warmUp < 5; warmUp++) {
      micros(ours, runs);
      micros(jacksons, runs);
    }
    for (int round = 0; round < ROUNDS; round++) {
      micros[round] = micros(ours, runs);
      jacksonMicros[round] = micros(jacksons, runs);
      ratios[round] = jacksonMicros[round] / micros[round];
    }
    long bytes = allocated(ours);
    long jacksonBytes = allocated(jacksons);
    System.out.printf(
        "%s: %.0f µs, by Jackson %.0f µs: %.1f times as fast (medians of %d);"
            + " %d bytes allocated, by Jackson %d: %.0f times as many%n",
        what,
        median(micros),
        median(jacksonMicros),
        median(ratios),
        ROUNDS,
        bytes,
        jacksonBytes,
        (double) jacksonBytes / bytes);
  }

  private static double micros(Run run, int runs) throws IOException {
    long start = System.nanoTime();
    for (int count = 0; count < runs; count++) {
      run.run();
    }
    return (System.nanoTime() - start) / 1e3 / runs;
  }

  private long allocated(Run run) throws IOException {
    long before = threads.getCurrentThreadAllocatedBytes();
    run.run();
    return threads.getCurrentThreadAllocatedBytes() - before;
  }

  private static double median(double[] values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    return sorted[sorted.length / 2];
  }

  @FunctionalInterface
  private interface Run {
    void run() throws IOException;
  }

  private static final class Nowhere implements ResponseTarget {
    @Override
    public OutputStream beginJson(long estimatedLength) {
      return OutputStream.nullOutputStream();
    }

    @Override
    public OutputStream beginBinary(long headerLength, long length) {
      return OutputStream.nullOutputStream();
    }
  }
}
