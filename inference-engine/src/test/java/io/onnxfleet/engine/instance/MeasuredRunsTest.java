package io.onnxfleet.engine.instance;

import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.engine.batching.AdaptiveBatchingPolicy;
import io.onnxfleet.engine.batching.BatchSchedulerOptions;
import io.onnxfleet.engine.batching.QueuePolicy;
import io.onnxfleet.engine.batching.QueuePolicy.TimeoutAction;
import io.onnxfleet.engine.instance.ModelInterface.Port;
import io.onnxfleet.engine.metrics.EngineMetrics;
import io.onnxfleet.engine.metrics.ModelStatistics.BatchStatistics;
import io.onnxfleet.engine.metrics.ModelVersionId;
import io.onnxfleet.engine.proof.SentinelOptions;
import io.onnxfleet.engine.request.InferenceRequest;
import io.onnxfleet.engine.request.InferenceResponse;
import io.onnxfleet.engine.request.Ticker;
import io.onnxfleet.engine.runtime.MemoryModels;
import io.onnxfleet.engine.runtime.ModelSession;
import io.onnxfleet.engine.runtime.OnnxRuntime;
import io.onnxfleet.engine.runtime.SessionOptions;
import io.onnxfleet.engine.tensor.BufferPool;
import io.onnxfleet.engine.tensor.DataType;
import io.onnxfleet.engine.tensor.NamedTensor;
import io.onnxfleet.engine.tensor.Shape;
import io.onnxfleet.engine.tensor.Tensor;
import io.onnxfleet.engine.tensor.TensorSpec;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A real model of two megabytes a row, whose runs may take twelve together. */
class MeasuredRunsTest {
  private static final long LIMIT = 12 << 20;
  private static final long ROW_BYTES = 2 << 20;
  private static final int MAX_BATCH = 32;
  private static final ModelVersionId ID = new ModelVersionId("wide", 1);

  @TempDir Path folder;

  private final BufferPool pool = BufferPool.ofDefaults();
  private final RunMemory memory = new RunMemory(LIMIT, Ticker.system());
  private final List<ModelSession> sessions = new ArrayList<>();
  private InstanceGroup group;

  @BeforeEach
  void open() {
    Path file = MemoryModels.wide().writeTo(folder);
    OnnxRuntime runtime = new OnnxRuntime(pool, null, LIMIT);
    for (int instance = 0; instance < 2; instance++) {
      sessions.add(runtime.open(file, SessionOptions.cpu(1)));
    }
    BatchSchedulerOptions options =
        new BatchSchedulerOptions(
            MAX_BATCH,
            List.of(),
            Duration.ZERO,
            1,
            1,
            new QueuePolicy(1000, Duration.ZERO, TimeoutAction.REJECT),
            Map.of());
    group =
        new InstanceGroup(
            ID,
            new ModelInterface(
                List.of(new Port(new TensorSpec("x", DataType.FP32, Shape.of(-1, 1)))),
                List.of(new Port(new TensorSpec("y", DataType.FP32, Shape.of(-1)))),
                MAX_BATCH,
                null),
            sessions,
            new Scheduling(options, new AdaptiveBatchingPolicy()),
            100,
            new InstanceGroup.Environment(
                pool,
                Ticker.system(),
                EngineMetrics.NONE,
                new SentinelSamples(SentinelOptions.OFF, () -> 0),
                memory));
  }

  @AfterEach
  void close() throws InterruptedException {
    group.drain(Duration.ofSeconds(60));
    assertThat(pool.usage().buffersInUse()).isZero();
    assertThat(memory.bytes()).isZero();
  }

  @Test
  void rowsOfManyCallers_runTogether_onlyAsFarAsMemoryGoes() {
    for (int round = 0; round < 3; round++) {
      List<CompletableFuture<InferenceResponse>> answers = new ArrayList<>();
      for (int caller = 0; caller < 40; caller++) {
        answers.add(infer(1, caller));
      }
      for (int caller = 0; caller < answers.size(); caller++) {
        assertThat(valuesOf(answers.get(caller))).containsExactly(caller);
      }
    }

    // Half the limit holds three rows; a batch that is cut by an early estimate has a few more.
    assertThat(batchSizes()).allMatch(rows -> rows <= LIMIT / ROW_BYTES);
    assertThat(memory.bytes()).isLessThanOrEqualTo(LIMIT);
  }

  @Test
  void largeRequest_isCut_asFarAsItMayBe() {
    // What a row takes is known from the first request.
    assertThat(valuesOf(infer(1, 5))).containsExactly(5);
    float[] answer = valuesOf(infer(20, 7));

    assertThat(answer).hasSize(20).containsOnly(7);
    assertThat(batchSizes()).allMatch(rows -> rows <= 3);
  }

  @Test
  void idleSessions_holdNothing() {
    assertThat(valuesOf(infer(1, 5))).containsExactly(5);
    assertThat(group.runMemoryBytes()).isGreaterThan(1 << 20);

    memory.shrinkIdle(Duration.ZERO);

    assertThat(group.runMemoryBytes()).isZero();
    assertThat(memory.bytes()).isZero();
    assertThat(valuesOf(infer(1, 6))).containsExactly(6);
  }

  private List<Long> batchSizes() {
    return group.statistics().batches().stream().map(BatchStatistics::batchSize).toList();
  }

  private CompletableFuture<InferenceResponse> infer(int rows, float value) {
    float[] values = new float[rows];
    Arrays.fill(values, value);
    return Objects.requireNonNull(
        group.infer(
            InferenceRequest.of(
                "wide", new NamedTensor("x", Tensor.ofFloats(pool, Shape.of(rows, 1), values)))));
  }

  private static float[] valuesOf(CompletableFuture<InferenceResponse> answer) {
    try (InferenceResponse response = answer.join()) {
      Tensor y = response.output("y");
      float[] values = new float[(int) y.shape().elementCount()];
      y.data().asFloatBuffer().get(values);
      return values;
    }
  }
}
