package io.onnxfleet.engine.instance;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.onnxfleet.engine.batching.BatchSchedulerOptions;
import io.onnxfleet.engine.batching.QueuePolicy;
import io.onnxfleet.engine.batching.QueuePolicy.TimeoutAction;
import io.onnxfleet.engine.batching.TritonBatchingPolicy;
import io.onnxfleet.engine.instance.ModelInterface.Port;
import io.onnxfleet.engine.metrics.EngineMetrics;
import io.onnxfleet.engine.metrics.ModelVersionId;
import io.onnxfleet.engine.proof.GraphFacts;
import io.onnxfleet.engine.proof.RowProof;
import io.onnxfleet.engine.proof.RowVerdict;
import io.onnxfleet.engine.request.InferenceRequest;
import io.onnxfleet.engine.tensor.BufferPool;
import io.onnxfleet.engine.tensor.DataType;
import io.onnxfleet.engine.tensor.NamedTensor;
import io.onnxfleet.engine.tensor.Shape;
import io.onnxfleet.engine.tensor.Tensor;
import io.onnxfleet.engine.tensor.TensorSpec;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class LiveProofTest {
  private static final RowTerms BEFORE = RowTerms.asTheyCame("nothing is known");

  private final BufferPool pool = BufferPool.ofDefaults();
  private final AtomicLong nanos = new AtomicLong(1);
  private final CompanySession session = new CompanySession(pool, nanos, Float.MAX_VALUE);
  private final AtomicInteger asked = new AtomicInteger();
  private ProofRows kept = new ProofRows();
  private @Nullable InstanceGroup group;

  @AfterEach
  void holdsNothing() throws InterruptedException {
    group().drain(Duration.ofSeconds(30));
    assertThat(pool.usage().buffersInUse()).isZero();
    assertThat(kept.bytes()).isZero();
  }

  private InstanceGroup group() {
    return Objects.requireNonNull(group);
  }

  private void start(RowProver prover) {
    TensorSpec x = new TensorSpec("x", DataType.FP32, Shape.of(-1, -1));
    TensorSpec y = new TensorSpec("y", DataType.FP32, Shape.of(-1, -1));
    BatchSchedulerOptions options =
        new BatchSchedulerOptions(
            8,
            List.of(),
            Duration.ZERO,
            1,
            1,
            new QueuePolicy(1000, Duration.ZERO, TimeoutAction.REJECT),
            Map.of());
    group =
        new InstanceGroup(
            new ModelVersionId("m", 1),
            new ModelInterface(List.of(new Port(x)), List.of(new Port(y)), 8, null),
            List.of(session),
            new Scheduling(options, new TritonBatchingPolicy(options)),
            100,
            new InstanceGroup.Environment(pool, nanos::get, EngineMetrics.NONE));
    RowTerms _ = group().rowTerms(BEFORE);
    group()
        .prove(
            kept,
            (runs, rows) -> {
              asked.incrementAndGet();
              return prover.prove(runs, rows);
            },
            verdict ->
                verdict.isProven()
                    ? RowTerms.independent(verdict.reason())
                    : RowTerms.asTheyCame(verdict.reason()));
  }

  private RowVerdict prove(RowProof.Runs runs, List<List<NamedTensor>> rows) {
    return new RowProof(
            runs,
            List.of(),
            List.of(new RowProof.Output("y", false)),
            GraphFacts.NONE,
            pool,
            new RowProof.Effort(System::nanoTime, 0, 8))
        .prove(rows);
  }

  private void ask(float... values) {
    Objects.requireNonNull(
            group()
                .infer(
                    InferenceRequest.of(
                        "m",
                        new NamedTensor(
                            "x", Tensor.ofFloats(pool, Shape.of(2, values.length / 2), values)))))
        .join()
        .close();
  }

  /** Two rows each; runs of lone rows are the proof's. */
  private void ask(int first, int requests) {
    for (int request = first; request < first + requests; request++) {
      ask(request, 1, request, 2);
    }
  }

  private void awaitTerms() {
    await()
        .pollInterval(Duration.ofMillis(1))
        .atMost(Duration.ofSeconds(60))
        .until(() -> !group().rowTerms().equals(BEFORE));
  }

  @Test
  void request_endsTheRunOfAProof_whichGoesOnWhereItWas() throws InterruptedException {
    start(this::prove);
    ask(0, 2);
    session.aloneForever = true;
    ask(2, 1);
    session.awaitStuck();
    // The instance is in the proof's run, which does not end by itself.
    ask(3, 1);
    assertThat(group().rowTerms()).isEqualTo(BEFORE);
    session.awaitStuck();
    session.aloneForever = false;
    ask(4, 1);
    awaitTerms();
    assertThat(group().rowTerms().isIndependent()).isTrue();
  }

  @Test
  void run_isNotRepeated_whenTheProofGaveWayAfterIt() throws InterruptedException {
    AtomicInteger attempts = new AtomicInteger();
    start(
        (runs, rows) -> {
          runs.run(rows.getFirst(), List.of("y")).forEach(Tensor::close);
          if (attempts.incrementAndGet() <= 3) {
            session.aloneForever = true;
          }
          try {
            runs.run(rows.get(1), List.of("y")).forEach(Tensor::close);
          } catch (RuntimeException gaveWay) {
            return new RowVerdict.Unproven("gave way", true);
          }
          return new RowVerdict.Proven("done");
        });
    ask(0, 3);
    for (int pause = 0; pause < 3; pause++) {
      session.awaitStuck();
      session.aloneForever = false;
      ask(10 + pause, 1);
    }
    awaitTerms();
    assertThat(asked).hasValue(4);
    // Twice three that were ended, and the two that went to their end once.
    assertThat(session.runs.stream().filter(Shape.of(1, 2)::equals)).hasSize(3 + 2);
  }

  @Test
  void drain_endsTheRunOfAProof() throws InterruptedException {
    start(this::prove);
    ask(0, 2);
    session.aloneForever = true;
    ask(2, 1);
    session.awaitStuck();
    group().drain(Duration.ofSeconds(30));
    assertThat(group().rowTerms()).isEqualTo(BEFORE);
    assertThat(kept.bytes()).isZero();
  }

  /** One that gave way asks again about the same rows, so rows are counted. */
  @Test
  void proof_isTriedAFewTimes_withRowsThatComeLater() throws InterruptedException {
    Set<Float> firstRows = ConcurrentHashMap.newKeySet();
    start(
        (runs, rows) -> {
          firstRows.add(rows.getFirst().getFirst().tensor().data().getFloat(0));
          return new RowVerdict.Unproven("nothing", true);
        });
    int request = 0;
    while (group().rowTerms().equals(BEFORE)) {
      ask(request++, 1);
    }
    assertThat(firstRows).hasSize(LiveProof.MOST_ATTEMPTS);
    assertThat(request).isGreaterThan((int) LiveProof.FIRST_PAUSE * 31);
    int before = asked.get();
    ask(request, 100);
    assertThat(asked).hasValue(before);
    assertThat(kept.bytes()).isZero();
  }

  @Test
  void rows_keepWithinTheirBytes() {
    kept = new ProofRows(20_000);
    start((runs, rows) -> new RowVerdict.Unproven("nothing", true));
    for (int size = 4; size < 200; size++) {
      float[] values = new float[2 * size];
      values[0] = size;
      ask(values);
      assertThat(kept.bytes()).isBetween(0L, 20_000L);
    }
    assertThat(kept.bytes()).isGreaterThan(15_000);
    ask(new float[2 * 2000]);
    assertThat(kept.bytes()).isBetween(15_000L, 20_000L);
  }
}
