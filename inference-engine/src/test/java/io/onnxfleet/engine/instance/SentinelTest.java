package io.onnxfleet.engine.instance;

import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.engine.batching.BatchSchedulerOptions;
import io.onnxfleet.engine.batching.QueuePolicy;
import io.onnxfleet.engine.batching.QueuePolicy.TimeoutAction;
import io.onnxfleet.engine.batching.TritonBatchingPolicy;
import io.onnxfleet.engine.instance.ModelInterface.Padding;
import io.onnxfleet.engine.instance.ModelInterface.Port;
import io.onnxfleet.engine.metrics.EngineMetrics;
import io.onnxfleet.engine.metrics.ModelVersionId;
import io.onnxfleet.engine.proof.SentinelOptions;
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
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
class SentinelTest {
  private static final ModelVersionId ID = new ModelVersionId("company", 1);
  private static final int MAX_BATCH = 8;
  private static final long SEED = Long.getLong("sentinel.seed", 7);

  private final BufferPool pool = BufferPool.ofDefaults();
  private final AtomicLong nanos = new AtomicLong(1);
  private final List<String> found = new CopyOnWriteArrayList<>();
  private final AtomicInteger compared = new AtomicInteger();
  private SentinelSamples samples = new SentinelSamples(SentinelOptions.DEFAULT, nanos::get);
  private @Nullable InstanceGroup group;

  @AfterEach
  void nothingLeaks() throws InterruptedException {
    group().drain(Duration.ofSeconds(30));
    assertThat(pool.usage().buffersInUse()).isZero();
    assertThat(samples.bytes()).isZero();
  }

  private InstanceGroup group() {
    return Objects.requireNonNull(group);
  }

  private void start(CompanySession session, @Nullable Padding padding) {
    TensorSpec x = new TensorSpec("x", DataType.FP32, Shape.of(-1, -1));
    TensorSpec y = new TensorSpec("y", DataType.FP32, Shape.of(-1, -1));
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
            new ModelInterface(List.of(new Port(x)), List.of(new Port(y)), MAX_BATCH, padding),
            List.of(session),
            new Scheduling(options, new TritonBatchingPolicy(options)),
            100,
            new InstanceGroup.Environment(
                pool,
                nanos::get,
                new EngineMetrics() {
                  @Override
                  public void mergedCompared(ModelVersionId id, boolean differed) {
                    compared.incrementAndGet();
                  }
                },
                samples,
                RunMemory.unlimited(nanos::get)));
    group().watch(SentinelTest::difference, new Random(SEED), 0, found::add);
  }

  private static Optional<String> difference(String output, Tensor given, Tensor alone) {
    return given.shape().equals(alone.shape()) && given.data().equals(alone.data())
        ? Optional.empty()
        : Optional.of(given + " in company, " + alone + " alone");
  }

  private CompletableFuture<InferenceResponse> infer(float... row) {
    return Objects.requireNonNull(
        group()
            .infer(
                InferenceRequest.of(
                    "company",
                    new NamedTensor("x", Tensor.ofFloats(pool, Shape.of(1, row.length), row)))));
  }

  /** Eight requests in one batch; until something is found, returns how many were sent. */
  private void batch(CompanySession session, float value) throws InterruptedException {
    CompletableFuture<InferenceResponse> first = infer(CompanySession.HOLD, 0);
    session.awaitHeld();
    List<CompletableFuture<InferenceResponse>> answers = new ArrayList<>();
    for (int index = 0; index < MAX_BATCH; index++) {
      answers.add(infer(value, index));
    }
    session.release();
    first.join().close();
    answers.forEach(answer -> answer.join().close());
  }

  @Test
  void found_isTold_whenOnlyLargeValuesMix() throws InterruptedException {
    CompanySession session = new CompanySession(pool, nanos, 1e6f);
    start(session, null);
    for (int round = 0; round < 1000; round++) {
      batch(session, 1000);
    }
    assertThat(found).isEmpty();
    assertThat(compared).hasPositiveValue();
    int sent = 0;
    while (found.isEmpty() && sent < 20_000) {
      batch(session, 1.5e6f);
      sent += MAX_BATCH;
    }
    System.out.println("requests until a difference was found: " + sent);
    assertThat(found)
        .singleElement()
        .asString()
        .contains("8 rows of 8 requests", "output 'y' of inputs [x FP32[1,2]]");
    assertThat(sent).isLessThan(20_000);
  }

  @Test
  void found_isTold_whenAllRequestsMixFromTheFirst() throws InterruptedException {
    CompanySession session = new CompanySession(pool, nanos, 1e6f);
    start(session, null);
    int sent = 0;
    while (found.isEmpty() && sent < 20_000) {
      batch(session, 1.5e6f);
      sent += MAX_BATCH;
    }
    assertThat(found).hasSize(1);
  }

  @Test
  void compute_isAThousandthAtMost() throws InterruptedException {
    CompanySession session = new CompanySession(pool, nanos, Float.MAX_VALUE);
    start(session, null);
    for (int round = 0; round < 4000; round++) {
      batch(session, round);
    }
    assertThat(compared).hasValueGreaterThanOrEqualTo(5);
    assertThat(group().sentinelShare()).isPositive().isLessThanOrEqualTo(0.001);
    assertThat(found).isEmpty();
  }

  @Test
  void request_endsTheRunOfASample_whenNoInstanceIsIdle() throws InterruptedException {
    CompanySession session = new CompanySession(pool, nanos, Float.MAX_VALUE);
    start(session, null);
    session.aloneForever = true;
    int runs = 0;
    while (!session.runs.contains(Shape.of(1, 2)) || runs < 2) {
      CompletableFuture<InferenceResponse> answer =
          Objects.requireNonNull(
              group()
                  .infer(
                      InferenceRequest.of(
                          "company",
                          new NamedTensor(
                              "x", Tensor.ofFloats(pool, Shape.of(2, 2), 1, 2, 3, 4)))));
      answer.join().close();
      runs++;
      if (runs == 2000) {
        break;
      }
    }
    session.awaitStuck();
    // The instance is in the sample's run, which does not end by itself.
    CompletableFuture<InferenceResponse> answer =
        Objects.requireNonNull(
            group()
                .infer(
                    InferenceRequest.of(
                        "company",
                        new NamedTensor("x", Tensor.ofFloats(pool, Shape.of(2, 2), 1, 2, 3, 4)))));
    answer.join().close();
    session.aloneForever = false;
    int before = compared.get();
    for (int round = 0; round < 3000 && compared.get() == before; round++) {
      batch(session, 1);
    }
    assertThat(compared).hasValueGreaterThan(before);
    assertThat(found).isEmpty();
  }

  @Test
  void samples_keepWithinTheirBytes_andLoseTheOldestFirst() throws InterruptedException {
    long rowBytes = 2 * 2 * Float.BYTES;
    samples = new SentinelSamples(new SentinelOptions(1, 1e-9, 3 * rowBytes), nanos::get);
    CompanySession session = new CompanySession(pool, nanos, Float.MAX_VALUE);
    start(session, null);
    for (int round = 0; round < 50; round++) {
      batch(session, 1 << (round % 20));
      assertThat(samples.bytes()).isLessThanOrEqualTo(3 * rowBytes);
    }
    assertThat(samples.bytes()).isEqualTo(3 * rowBytes);
    assertThat(compared).hasValue(0);
  }

  @Test
  void found_tellsOfTheLength_whenRowsWereFilledUp() throws InterruptedException {
    CompanySession session = new CompanySession(pool, nanos, 1e6f);
    start(session, new Padding(List.of("x"), List.of("y")));
    for (int round = 0; round < 2000 && found.isEmpty(); round++) {
      CompletableFuture<InferenceResponse> first = infer(CompanySession.HOLD, 0);
      session.awaitHeld();
      CompletableFuture<InferenceResponse> shorter = infer(2e6f, 1);
      CompletableFuture<InferenceResponse> longer = infer(2e6f, 2, 3, 4);
      session.release();
      first.join().close();
      shorter.join().close();
      longer.join().close();
    }
    assertThat(found)
        .singleElement()
        .asString()
        .contains("2 rows of 2 requests")
        .containsAnyOf("filled up from length 2 to 4", "x FP32[1,4]");
  }
}
