package io.onnxfleet.engine.instance;

import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.engine.batching.AdaptiveBatchingPolicy;
import io.onnxfleet.engine.batching.BatchSchedulerOptions;
import io.onnxfleet.engine.batching.WorkLimits;
import io.onnxfleet.engine.instance.ModelInterface.Padding;
import io.onnxfleet.engine.instance.ModelInterface.Port;
import io.onnxfleet.engine.metrics.EngineMetrics;
import io.onnxfleet.engine.metrics.ModelVersionId;
import io.onnxfleet.engine.request.InferenceRequest;
import io.onnxfleet.engine.request.InferenceResponse;
import io.onnxfleet.engine.tensor.BufferPool;
import io.onnxfleet.engine.tensor.DataType;
import io.onnxfleet.engine.tensor.NamedTensor;
import io.onnxfleet.engine.tensor.Shape;
import io.onnxfleet.engine.tensor.Tensor;
import io.onnxfleet.engine.tensor.TensorSpec;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

class ShapeLadderPropertyTest {
  private static final int MAX_BATCH = 24;
  private static final Set<Long> ROWS = Set.of(1L, 2L, 4L, 8L, 16L, 24L);
  private static final Set<Long> LENGTHS = Set.of(16L, 32L, 64L, 128L, 256L);

  private final BufferPool pool = BufferPool.ofDefaults();
  private final ShapeLadder ladder = new ShapeLadder(MAX_BATCH);

  @Test
  void rungs_holdWhatTheyRound_andAreFew() {
    for (long rows = 1; rows <= MAX_BATCH; rows++) {
      assertThat(ladder.rows(rows)).isGreaterThanOrEqualTo(rows).isIn(ROWS);
    }
    for (long length = 1; length <= 256; length++) {
      assertThat(ladder.length(length)).isGreaterThanOrEqualTo(length).isIn(LENGTHS);
    }
    assertThat(ladder.length(257)).isEqualTo(384);
    assertThat(ladder.length(0)).isZero();
    assertThat(ShapeLadder.NONE.rows(7)).isEqualTo(7);
    assertThat(ShapeLadder.NONE.length(7)).isEqualTo(7);
  }

  @Test
  void answers_areThoseWithoutALadder_forAnyRequests() throws InterruptedException {
    String property = System.getProperty("test.seed", "");
    long seed = property.isEmpty() ? System.nanoTime() : Long.parseLong(property);
    System.out.println("test.seed=" + seed);
    Random random = new Random(seed);
    ScriptedSession session = new ScriptedSession(pool);
    InstanceGroup group = group(session);
    for (int round = 0; round < 100; round++) {
      session.closeGate();
      List<float[]> sent = new ArrayList<>();
      List<CompletableFuture<InferenceResponse>> answers = new ArrayList<>();
      for (int index = 0; index <= random.nextInt(12); index++) {
        int rows = 1 + random.nextInt(30);
        int length = 1 + random.nextInt(200);
        float[] values = new float[rows * length];
        for (int value = 0; value < values.length; value++) {
          values[value] = random.nextInt(100);
        }
        sent.add(values);
        Tensor tensor = Tensor.ofFloats(pool, Shape.of(rows, length), values);
        answers.add(
            Objects.requireNonNull(
                group.infer(InferenceRequest.of("double", new NamedTensor("x", tensor)))));
      }
      session.openGate();
      for (int index = 0; index < sent.size(); index++) {
        assertDoubled(answers.get(index).join(), sent.get(index), "seed " + seed);
      }
    }

    for (Shape run : session.runs) {
      assertThat(run.dim(0)).isIn(ROWS);
      assertThat(run.dim(1)).isIn(LENGTHS);
    }
    group.drain(Duration.ofSeconds(60));
    assertThat(pool.usage().buffersInUse()).isZero();
  }

  @Test
  void answer_comes_whenTheModelRefusesTheLargerShape() throws InterruptedException {
    ScriptedSession session = new ScriptedSession(pool);
    InstanceGroup group = group(session);
    // The model answers one row, which is checked only where rows are to be parted.
    float[] values = {ScriptedSession.FUSED, 2, 3};
    Tensor tensor = Tensor.ofFloats(pool, Shape.of(3, 1), values);
    CompletableFuture<InferenceResponse> answer =
        Objects.requireNonNull(
            group.infer(InferenceRequest.of("double", new NamedTensor("x", tensor))));

    try (InferenceResponse response = answer.join()) {
      assertThat(response.output("y").shape()).isEqualTo(Shape.of(1, 3));
    }
    assertThat(session.runs).containsExactly(Shape.of(4, 16), Shape.of(3, 1));
    group.drain(Duration.ofSeconds(60));
    assertThat(pool.usage().buffersInUse()).isZero();
  }

  private static void assertDoubled(InferenceResponse answer, float[] sent, String description) {
    try (answer) {
      Tensor output = answer.output("y");
      float[] values = new float[(int) output.shape().elementCount()];
      output.data().asFloatBuffer().get(values);
      float[] expected = new float[sent.length];
      for (int index = 0; index < sent.length; index++) {
        expected[index] = 2 * sent[index];
      }
      assertThat(values).as(description).isEqualTo(expected);
    }
  }

  private InstanceGroup group(ScriptedSession session) {
    TensorSpec x = new TensorSpec("x", DataType.FP32, Shape.of(-1, -1));
    TensorSpec y = new TensorSpec("y", DataType.FP32, Shape.of(-1, -1));
    return new InstanceGroup(
        new ModelVersionId("double", 1),
        new ModelInterface(
            List.of(new Port(x)),
            List.of(new Port(y)),
            MAX_BATCH,
            new Padding(List.of("x"), List.of("y"))),
        List.of(session),
        new Scheduling(
            BatchSchedulerOptions.ofMaxBatchSize(MAX_BATCH),
            new AdaptiveBatchingPolicy(),
            WorkLimits.NONE,
            ladder,
            Duration.ZERO,
            RowTerms.independent("")),
        100,
        new InstanceGroup.Environment(pool, System::nanoTime, EngineMetrics.NONE));
  }
}
