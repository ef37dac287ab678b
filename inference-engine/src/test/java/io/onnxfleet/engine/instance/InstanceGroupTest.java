package io.onnxfleet.engine.instance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.onnxfleet.engine.batching.BatchSchedulerOptions;
import io.onnxfleet.engine.batching.QueuePolicy;
import io.onnxfleet.engine.batching.QueuePolicy.TimeoutAction;
import io.onnxfleet.engine.batching.TritonBatchingPolicy;
import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.instance.ModelInterface.Padding;
import io.onnxfleet.engine.instance.ModelInterface.Port;
import io.onnxfleet.engine.metrics.BatchTiming;
import io.onnxfleet.engine.metrics.EngineMetrics;
import io.onnxfleet.engine.metrics.ModelStatistics;
import io.onnxfleet.engine.metrics.ModelVersionId;
import io.onnxfleet.engine.request.Deadline;
import io.onnxfleet.engine.request.InferenceRequest;
import io.onnxfleet.engine.request.InferenceResponse;
import io.onnxfleet.engine.tensor.BufferPool;
import io.onnxfleet.engine.tensor.DataType;
import io.onnxfleet.engine.tensor.NamedTensor;
import io.onnxfleet.engine.tensor.PaddingSide;
import io.onnxfleet.engine.tensor.Shape;
import io.onnxfleet.engine.tensor.Tensor;
import io.onnxfleet.engine.tensor.TensorSpec;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class InstanceGroupTest {
  private static final ModelVersionId ID = new ModelVersionId("double", 1);
  private static final int MAX_BATCH = 8;

  private final BufferPool pool = BufferPool.ofDefaults();
  private final AtomicLong nanos = new AtomicLong(1);
  private final ScriptedSession session = new ScriptedSession(pool);
  private final List<BatchTiming> batches = new CopyOnWriteArrayList<>();
  private final EngineMetrics metrics =
      new EngineMetrics() {
        @Override
        public void batchExecuted(ModelVersionId id, BatchTiming timing) {
          batches.add(timing);
        }
      };
  private InstanceGroup group = group(MAX_BATCH, 64, null);

  @BeforeEach
  void freshGroup() {
    assertThat(group.instances()).isEqualTo(1);
  }

  @AfterEach
  void nothingLeaks() throws InterruptedException {
    session.openGate();
    group.drain(Duration.ofSeconds(60));
    assertThat(session.closed).isTrue();
    assertThat(pool.usage().buffersInUse()).isZero();
  }

  private InstanceGroup group(int maxBatch, int maxQueue, @Nullable Padding padding) {
    TensorSpec x = new TensorSpec("x", DataType.FP32, Shape.of(-1, -1));
    TensorSpec y = new TensorSpec("y", DataType.FP32, Shape.of(-1, -1));
    TensorSpec z = new TensorSpec("z", DataType.FP32, Shape.of(-1, -1));
    TensorSpec bias =
        new TensorSpec("bias", DataType.FP32, Shape.of(-1, -1), true, List.of("", ""));
    ModelInterface model =
        new ModelInterface(
            List.of(new Port(x), new Port(bias)),
            List.of(new Port(y), new Port(z)),
            maxBatch,
            padding);
    BatchSchedulerOptions options =
        new BatchSchedulerOptions(
            Math.max(1, maxBatch),
            List.of(),
            Duration.ZERO,
            1,
            1,
            new QueuePolicy(maxQueue, Duration.ZERO, TimeoutAction.REJECT),
            Map.of());
    return new InstanceGroup(
        ID,
        model,
        List.of(session),
        new Scheduling(options, new TritonBatchingPolicy(options)),
        100,
        new InstanceGroup.Environment(pool, nanos::get, metrics));
  }

  private void replaceGroup(InstanceGroup other) throws InterruptedException {
    group.drain(Duration.ofSeconds(60));
    session.closed.set(false);
    group = other;
  }

  private InferenceRequest request(long rows, float... values) {
    Shape shape = Shape.of(rows, rows == 0 ? 1 : values.length / rows);
    return InferenceRequest.of(
        "double", new NamedTensor("x", Tensor.ofFloats(pool, shape, values)));
  }

  private CompletableFuture<InferenceResponse> infer(InferenceRequest request) {
    return Objects.requireNonNull(group.infer(request), "the group drains");
  }

  private static float[] values(CompletableFuture<InferenceResponse> answer, String output) {
    try (InferenceResponse response = answer.join()) {
      return floats(response.output(output));
    }
  }

  private static float[] floats(Tensor tensor) {
    float[] values = new float[(int) tensor.shape().elementCount()];
    tensor.data().asFloatBuffer().get(values);
    return values;
  }

  private static InferenceException failure(CompletableFuture<InferenceResponse> answer)
      throws InterruptedException {
    try {
      answer.get().close();
      throw new AssertionError("answered, but a failure was expected");
    } catch (ExecutionException expected) {
      return (InferenceException) answer.exceptionNow();
    }
  }

  /** Occupies the instance with one run that waits at the gate. */
  private CompletableFuture<InferenceResponse> occupy() throws InterruptedException {
    session.closeGate();
    CompletableFuture<InferenceResponse> first = infer(request(1, 1, 1));
    session.awaitArrivals(1);
    return first;
  }

  @Test
  void infer_answersAllOutputs_whenNoneIsNamed() {
    CompletableFuture<InferenceResponse> answer = infer(request(2, 1, 2, 3, 4));
    try (InferenceResponse response = answer.join()) {
      assertThat(response.modelVersion()).isEqualTo(1);
      assertThat(response.outputs()).extracting(NamedTensor::name).containsExactly("y", "z");
      assertThat(response.output("y").shape()).isEqualTo(Shape.of(2, 2));
    }
  }

  @Test
  void infer_runsAtOnce_whenInstanceIsIdle() {
    assertThat(values(infer(request(1, 5)), "y")).containsExactly(10);
    assertThat(session.runs).containsExactly(Shape.of(1, 1));
  }

  @Test
  void infer_runsEachRequestWhole_whenRowsAreNotIndependent() throws InterruptedException {
    var _ = group.rowTerms(RowTerms.asTheyCame("rows depend on each other"));
    CompletableFuture<InferenceResponse> first = occupy();
    CompletableFuture<InferenceResponse> second = infer(request(1, 2, 2));
    CompletableFuture<InferenceResponse> third = infer(request(40, new float[80]));
    session.openGate();

    assertThat(values(first, "y")).containsExactly(2, 2);
    assertThat(values(second, "y")).containsExactly(4, 4);
    assertThat(values(third, "y")).hasSize(80);
    assertThat(session.runs).containsExactly(Shape.of(1, 2), Shape.of(1, 2), Shape.of(40, 2));
    assertThat(failure(infer(request(101, new float[202]))))
        .hasMessage("request of 101 rows (expected: <= 100)");
  }

  @Test
  void infer_runsARequestWholeAndAlone_whenItGivesAnOptionalInput() throws InterruptedException {
    CompletableFuture<InferenceResponse> first = occupy();
    CompletableFuture<InferenceResponse> second = infer(withBias(1));
    CompletableFuture<InferenceResponse> third = infer(withBias(12));
    CompletableFuture<InferenceResponse> fourth = infer(request(1, 3, 3));
    session.openGate();

    assertThat(values(first, "y")).containsExactly(2, 2);
    assertThat(values(second, "y")).hasSize(2);
    assertThat(values(third, "y")).hasSize(24);
    assertThat(values(fourth, "y")).containsExactly(6, 6);
    assertThat(session.runs)
        .containsExactlyInAnyOrder(Shape.of(1, 2), Shape.of(1, 2), Shape.of(12, 2), Shape.of(1, 2));
  }

  private InferenceRequest withBias(int rows) {
    return InferenceRequest.of(
        "double",
        new NamedTensor("x", Tensor.ofFloats(pool, Shape.of(rows, 2), new float[2 * rows])),
        new NamedTensor("bias", Tensor.ofFloats(pool, Shape.of(1, 2), new float[2])));
  }

  @Test
  void infer_runsRowByRow_whenRowsAreAnsweredAloneOnly() {
    var _ = group.rowTerms(new RowTerms(false, RowTerms.Cut.ROWS, false, "one scale"));

    assertThat(values(infer(request(3, 1, 2, 3)), "y")).containsExactly(2, 4, 6);
    assertThat(session.runs).containsExactly(Shape.of(1, 1), Shape.of(1, 1), Shape.of(1, 1));
  }

  @Test
  void infer_refusesMoreThanABatch_whenItMayNotBeCut() throws InterruptedException {
    var _ = group.rowTerms(new RowTerms(true, RowTerms.Cut.NEVER, true, "the operator says so"));

    assertThat(failure(infer(request(9, new float[9]))))
        .hasMessage(
            "request of 9 rows (expected: <= 8, the model's max_batch_size, as the request is not"
                + " cut: the operator says so)");
    assertThat(values(infer(request(8, new float[8])), "y")).hasSize(8);
  }

  @Test
  void stopMerging_runsOneByOneWhatWaits() throws InterruptedException {
    CompletableFuture<InferenceResponse> first = occupy();
    List<CompletableFuture<InferenceResponse>> waiting = new ArrayList<>();
    for (int index = 0; index < 3; index++) {
      waiting.add(infer(request(1, index, index)));
    }
    assertThat(group.stopMerging("an answer differed")).isTrue();
    assertThat(group.stopMerging("an answer differed")).isFalse();
    assertThat(group.rowTerms().reason()).isEqualTo("an answer differed");
    session.openGate();

    assertThat(values(first, "y")).containsExactly(2, 2);
    waiting.forEach(answer -> assertThat(values(answer, "y")).hasSize(2));
    assertThat(session.runs).hasSize(4).containsOnly(Shape.of(1, 2));
  }

  @Test
  void infer_formsOneBatch_whenInstanceIsBusy() throws InterruptedException {
    CompletableFuture<InferenceResponse> first = occupy();
    List<CompletableFuture<InferenceResponse>> waiting = new ArrayList<>();
    for (int index = 0; index < MAX_BATCH; index++) {
      waiting.add(infer(request(1, index, index)));
    }
    assertThat(group.pendingRequests()).isEqualTo(MAX_BATCH);
    session.openGate();

    assertThat(values(first, "y")).containsExactly(2, 2);
    for (int index = 0; index < MAX_BATCH; index++) {
      assertThat(values(waiting.get(index), "z")).containsExactly(2 * index, 2 * index);
    }
    assertThat(session.runs).containsExactly(Shape.of(1, 2), Shape.of(MAX_BATCH, 2));
    ModelStatistics statistics = group.statistics();
    assertThat(statistics.inferenceCount()).isEqualTo(MAX_BATCH + 1);
    assertThat(statistics.executionCount()).isEqualTo(2);
    assertThat(statistics.success().count()).isEqualTo(MAX_BATCH + 1);
  }

  @Test
  void infer_failsOnlyTheBadRequest_whenItSharesABatch() throws InterruptedException {
    CompletableFuture<InferenceResponse> first = occupy();
    List<CompletableFuture<InferenceResponse>> waiting = new ArrayList<>();
    for (int index = 0; index < MAX_BATCH; index++) {
      float value =
          index == 5 ? ScriptedSession.POISON : index == 2 ? ScriptedSession.HEAVY : index;
      waiting.add(infer(request(1, value)));
    }
    session.openGate();

    values(first, "y");
    for (int index = 0; index < MAX_BATCH; index++) {
      switch (index) {
        case 5 ->
            assertThat(failure(waiting.get(index)).code()).isEqualTo(ErrorCode.EXECUTION_FAILED);
        case 2 ->
            assertThat(failure(waiting.get(index)).code()).isEqualTo(ErrorCode.MEMORY_EXHAUSTED);
        default -> assertThat(values(waiting.get(index), "y")).containsExactly(2 * index);
      }
    }
    assertThat(group.statistics().fail().count()).isEqualTo(2);
  }

  @Test
  void infer_runsRequestsAlone_whenOutputsDoNotKeepRowsApart() throws InterruptedException {
    CompletableFuture<InferenceResponse> first = occupy();
    CompletableFuture<InferenceResponse> fused = infer(request(1, ScriptedSession.FUSED));
    CompletableFuture<InferenceResponse> mate = infer(request(1, 3));
    session.openGate();

    values(first, "y");
    assertThat(values(fused, "y")).containsExactly(222);
    assertThat(values(mate, "y")).containsExactly(6);
  }

  @Test
  void infer_splitsAndRejoins_whenRequestExceedsTheBatch() {
    float[] values = new float[20];
    float[] doubled = new float[20];
    for (int index = 0; index < 20; index++) {
      values[index] = index;
      doubled[index] = 2 * index;
    }
    assertThat(values(infer(request(20, values)), "y")).containsExactly(doubled);
    assertThat(session.runs).extracting(shape -> shape.dim(0)).containsExactly(8L, 8L, 4L);
    assertThat(group.statistics().success().count()).isEqualTo(1);
    assertThat(group.statistics().inferenceCount()).isEqualTo(20);
  }

  @Test
  void infer_failsTheWholeRequest_whenOnePieceFails() throws InterruptedException {
    float[] values = new float[20];
    values[9] = ScriptedSession.POISON;
    assertThat(failure(infer(request(20, values)))).hasMessage("poisoned row");
  }

  @Test
  void infer_batchesEqualShapes_whenOthersStandBetween() throws InterruptedException {
    CompletableFuture<InferenceResponse> first = occupy();
    CompletableFuture<InferenceResponse> narrow = infer(request(1, 1));
    CompletableFuture<InferenceResponse> wide = infer(request(1, 1, 2, 3));
    CompletableFuture<InferenceResponse> alsoNarrow = infer(request(1, 2));
    session.openGate();

    values(first, "y");
    assertThat(values(narrow, "y")).containsExactly(2);
    assertThat(values(wide, "y")).containsExactly(2, 4, 6);
    assertThat(values(alsoNarrow, "y")).containsExactly(4);
    assertThat(session.runs).containsExactly(Shape.of(1, 2), Shape.of(2, 1), Shape.of(1, 3));
  }

  @Test
  void infer_padsAndCutsBack_whenLengthsDiffer() throws InterruptedException {
    replaceGroup(group(MAX_BATCH, 64, new Padding(List.of("x"), List.of("y", "z"))));
    CompletableFuture<InferenceResponse> first = occupy();
    CompletableFuture<InferenceResponse> shorter = infer(request(2, 1, 2, 3, 4));
    CompletableFuture<InferenceResponse> longer = infer(request(1, 5, 6, 7));
    session.openGate();

    values(first, "y");
    assertThat(values(shorter, "y")).containsExactly(2, 4, 6, 8);
    assertThat(values(longer, "y")).containsExactly(10, 12, 14);
    assertThat(session.runs).containsExactly(Shape.of(1, 2), Shape.of(3, 3));
  }

  @Test
  void batch_tellsItsTokensAndHowManyWerePadding() throws InterruptedException {
    replaceGroup(group(MAX_BATCH, 64, new Padding(List.of("x"), List.of("y", "z"))));
    CompletableFuture<InferenceResponse> first = occupy();
    CompletableFuture<InferenceResponse> shorter = infer(request(2, 1, 2, 3, 4));
    CompletableFuture<InferenceResponse> longer = infer(request(1, 5, 6, 7));
    session.openGate();
    values(first, "y");
    values(shorter, "y");
    values(longer, "y");

    assertThat(batches).extracting(BatchTiming::tokens).containsExactly(2L, 9L);
    assertThat(batches).extracting(BatchTiming::paddingTokens).containsExactly(0L, 2L);
  }

  @Test
  void infer_padsOnTheLeft_whenThatIsTheSide() throws InterruptedException {
    replaceGroup(
        group(MAX_BATCH, 64, new Padding(List.of("x"), List.of("y"), PaddingSide.LEFT, Map.of())));
    CompletableFuture<InferenceResponse> first = occupy();
    CompletableFuture<InferenceResponse> shorter = infer(request(2, 1, 2, 3, 4));
    CompletableFuture<InferenceResponse> longer = infer(request(1, 5, 6, 7));
    session.openGate();

    values(first, "y");
    try (InferenceResponse response = shorter.join()) {
      assertThat(floats(response.output("y"))).containsExactly(2, 4, 6, 8);
      assertThat(floats(response.output("z"))).containsExactly(0, 2, 4, 0, 6, 8);
    }
    assertThat(values(longer, "y")).containsExactly(10, 12, 14);
  }

  @Test
  void cancel_takesTheRequestOutOfTheQueue_whenItWaits() throws InterruptedException {
    CompletableFuture<InferenceResponse> first = occupy();
    CompletableFuture<InferenceResponse> waiting = infer(request(1, 2));
    waiting.cancel(true);

    assertThat(group.pendingRequests()).isZero();
    session.openGate();
    values(first, "y");
    assertThat(session.runs).hasSize(1);
  }

  @Test
  void cancel_givesTheOutputsUp_whenTheRequestRuns() throws InterruptedException {
    CompletableFuture<InferenceResponse> first = occupy();
    first.cancel(true);
    session.openGate();
    assertThat(values(infer(request(1, 2)), "y")).containsExactly(4);
  }

  @Test
  void expire_dropsTheRequest_whenItsDeadlinePassesInTheQueue() throws InterruptedException {
    CompletableFuture<InferenceResponse> first = occupy();
    Tensor input = Tensor.ofFloats(pool, Shape.of(1, 1), 1);
    Deadline deadline = Deadline.after(Duration.ofMillis(5), nanos::get);
    CompletableFuture<InferenceResponse> late =
        infer(
            new InferenceRequest(
                "late",
                "double",
                null,
                List.of(new NamedTensor("x", input)),
                List.of(),
                deadline,
                0));
    nanos.addAndGet(Duration.ofMillis(6).toNanos());
    group.expire();

    assertThat(failure(late).code()).isEqualTo(ErrorCode.DEADLINE_EXCEEDED);
    session.openGate();
    values(first, "y");
    assertThat(session.runs).hasSize(1);
  }

  @Test
  void infer_refuses_whenTheQueueIsFull() throws InterruptedException {
    replaceGroup(group(MAX_BATCH, 2, null));
    CompletableFuture<InferenceResponse> first = occupy();
    List<CompletableFuture<InferenceResponse>> accepted =
        List.of(infer(request(1, 1)), infer(request(1, 2)));

    assertThat(failure(infer(request(1, 3))).code()).isEqualTo(ErrorCode.QUEUE_FULL);
    session.openGate();
    values(first, "y");
    assertThat(accepted).allSatisfy(answer -> values(answer, "y"));
  }

  @Test
  void infer_saysWhatItExpected_whenTheRequestDoesNotFit() throws InterruptedException {
    Tensor ints = Tensor.ofInts(pool, Shape.of(1, 1), 1);
    assertThat(failure(infer(InferenceRequest.of("double", new NamedTensor("x", ints)))))
        .hasMessage("input 'x': datatype INT32 (expected FP32)");
    Tensor flat = Tensor.ofFloats(pool, Shape.of(1), 1);
    assertThat(failure(infer(InferenceRequest.of("double", new NamedTensor("x", flat)))))
        .hasMessage("input 'x': shape [1] (expected [-1,-1])");
    Tensor other = Tensor.ofFloats(pool, Shape.of(1, 1), 1);
    assertThat(failure(infer(InferenceRequest.of("double", new NamedTensor("q", other)))))
        .hasMessage("input 'q': unknown (expected one of [bias, x])");
    assertThat(failure(infer(InferenceRequest.of("double"))))
        .hasMessage("input 'x': missing (expected FP32[-1,-1])");
    assertThat(failure(infer(request(101, new float[101]))))
        .hasMessage("request of 101 rows (expected: <= 100)");
    InferenceRequest negative =
        new InferenceRequest(null, "double", null, List.of(), List.of(), Deadline.NONE, -1);
    assertThat(failure(infer(negative))).hasMessage("priority: -1 (expected: >= 0)");
  }

  @Test
  void infer_answersEmpty_whenTheRequestHasNoRows() {
    try (InferenceResponse response = infer(request(0)).join()) {
      assertThat(response.output("y").shape().elementCount()).isZero();
    }
  }

  @Test
  void drain_finishesWhatWasAccepted_andRefusesTheRest() throws InterruptedException {
    CompletableFuture<InferenceResponse> first = occupy();
    CompletableFuture<InferenceResponse> waiting = infer(request(1, 2));
    Thread drain = Thread.ofVirtual().start(this::drain);
    while (isAccepted(request(1, 3))) {
      Thread.onSpinWait();
    }
    assertThat(session.closed).isFalse();
    session.openGate();
    assertThat(values(first, "y")).containsExactly(2, 2);
    assertThat(values(waiting, "y")).containsExactly(4);
    drain.join();
    assertThat(session.closed).isTrue();
  }

  private boolean isAccepted(InferenceRequest request) {
    CompletableFuture<InferenceResponse> answer = group.infer(request);
    if (answer == null) {
      request.close();
      return false;
    }
    answer.cancel(true);
    return true;
  }

  private void drain() {
    try {
      group.drain(Duration.ofSeconds(60));
    } catch (InterruptedException interrupted) {
      throw new IllegalStateException(interrupted);
    }
  }

  @Test
  void busyShare_rises_whileTheInstanceRuns() throws InterruptedException {
    assertThat(group.busyShare()).isZero();
    CompletableFuture<InferenceResponse> first = occupy();
    nanos.addAndGet(Duration.ofSeconds(60).toNanos());
    assertThat(group.busyShare()).isGreaterThan(0.99);
    session.openGate();
    values(first, "y");
  }

  @Test
  void tensor_refusesUse_whenItIsClosed() {
    Tensor tensor = Tensor.ofFloats(pool, Shape.of(1), 1);
    tensor.close();
    assertThatThrownBy(tensor::data).isInstanceOf(IllegalStateException.class);
  }
}
