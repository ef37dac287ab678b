package io.onnxfleet.inference.observability;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.metrics.BatchTiming;
import io.onnxfleet.engine.metrics.ModelGauges;
import io.onnxfleet.engine.metrics.RequestTiming;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.ToDoubleFunction;

/** What a model version did with requests, in the fleet's names and in Triton's. Thread-safe. */
final class UsedVersionMeters {
  /** Among them that of the objective, 300 ms (monitoring/prometheus/rules). */
  private static final Duration[] BUCKETS = {
    Duration.ofMillis(1),
    Duration.ofNanos(2_500_000),
    Duration.ofMillis(5),
    Duration.ofMillis(10),
    Duration.ofMillis(25),
    Duration.ofMillis(50),
    Duration.ofMillis(100),
    Duration.ofMillis(300),
    Duration.ofSeconds(1),
    Duration.ofSeconds(3),
    Duration.ofSeconds(10),
    Duration.ofSeconds(30)
  };

  private final MeterRegistry registry;
  private final Tags tags;
  private final List<Meter> meters = new ArrayList<>();

  private final Timer requestDuration;
  private final Timer queueDuration;
  private final Timer computeInputDuration;
  private final Timer computeInferDuration;
  private final Timer computeOutputDuration;
  private final DistributionSummary batchSize;
  private final DistributionSummary batchPadding;
  private final Counter tokens;
  private final Counter paddingTokens;
  private final Map<ErrorCode, Counter> failures = new EnumMap<>(ErrorCode.class);
  private final Map<ErrorCode, LongAdder> tritonFailures = new EnumMap<>(ErrorCode.class);

  private final Counter mergedAlike;
  private final Counter mergedDiffered;

  private final LongAdder successes = new LongAdder();
  private final LongAdder inferences = new LongAdder();
  private final LongAdder executions = new LongAdder();
  private final LongAdder requestNanos = new LongAdder();
  private final LongAdder queueNanos = new LongAdder();
  private final LongAdder inputNanos = new LongAdder();
  private final LongAdder inferNanos = new LongAdder();
  private final LongAdder outputNanos = new LongAdder();

  UsedVersionMeters(MeterRegistry registry, Tags tags, ModelGauges gauges) {
    this.registry = registry;
    this.tags = tags;
    requestDuration =
        kept(
            Timer.builder(MeterNames.REQUEST_DURATION)
                .description("Whole requests, from acceptance to answer")
                .tags(tags)
                .serviceLevelObjectives(BUCKETS)
                .register(registry));
    queueDuration = timer(MeterNames.QUEUE_DURATION, "From acceptance to the batch's closing");
    computeInputDuration = timer(MeterNames.COMPUTE_INPUT_DURATION, "Gathering a batch's inputs");
    computeInferDuration = timer(MeterNames.COMPUTE_INFER_DURATION, "The model's run");
    computeOutputDuration = timer(MeterNames.COMPUTE_OUTPUT_DURATION, "Parting the outputs");
    batchSize = summary(MeterNames.BATCH_SIZE, "Rows of an executed batch");
    batchPadding = summary(MeterNames.BATCH_PADDING, "Share of a batch's input that was padding");
    tokens = counter(MeterNames.TOKENS, "Tokens that were run, padding included");
    paddingTokens = counter(MeterNames.PADDING_TOKENS, "Tokens that were run and were padding");
    mergedAlike = comparisons("alike");
    mergedDiffered = comparisons("differed");
    for (ErrorCode code : ErrorCode.values()) {
      registerFailures(code);
    }
    gauge(
        MeterNames.PENDING_ROWS,
        "Rows of the requests that wait for an instance",
        gauges,
        ModelGauges::pendingRows);
    kept(
        Gauge.builder(MeterNames.MODEL_RUN_MEMORY, gauges, ModelGauges::runMemoryBytes)
            .description("What the version's runs take or have left for the next ones")
            .baseUnit("bytes")
            .tags(tags)
            .strongReference(true)
            .register(registry));
    registerTritonCounts();
  }

  private Counter comparisons(String outcome) {
    return kept(
        Counter.builder(MeterNames.MERGED_COMPARISONS)
            .description("Answers to merged requests, compared with those of the requests alone")
            .tags(tags.and(MeterNames.OUTCOME_TAG, outcome))
            .register(registry));
  }

  private void registerFailures(ErrorCode code) {
    Tags reason = tags.and(MeterNames.REASON_TAG, code.name().toLowerCase(Locale.ROOT));
    failures.put(
        code,
        kept(
            Counter.builder(MeterNames.REQUEST_FAILURES)
                .description("Requests that ended without an answer")
                .tags(reason)
                .register(registry)));
    LongAdder count = new LongAdder();
    tritonFailures.put(code, count);
    kept(
        Gauge.builder(MeterNames.TRITON_REQUEST_FAILURE, count, LongAdder::sum)
            .description("Requests that ended without an answer, by Triton's name")
            .tags(reason)
            .strongReference(true)
            .register(registry));
  }

  private void registerTritonCounts() {
    count(MeterNames.TRITON_REQUEST_SUCCESS, "Requests that were answered", successes);
    count(MeterNames.TRITON_INFERENCE_COUNT, "Rows of requests that were answered", inferences);
    count(MeterNames.TRITON_EXECUTION_COUNT, "Batches that were executed", executions);
    micros(MeterNames.TRITON_REQUEST_DURATION, "Whole requests", requestNanos);
    micros(MeterNames.TRITON_QUEUE_DURATION, "Requests' time in the queue", queueNanos);
    micros(MeterNames.TRITON_COMPUTE_INPUT_DURATION, "Gathering inputs", inputNanos);
    micros(MeterNames.TRITON_COMPUTE_INFER_DURATION, "Runs of the model", inferNanos);
    micros(MeterNames.TRITON_COMPUTE_OUTPUT_DURATION, "Parting outputs", outputNanos);
  }

  void requestSucceeded(RequestTiming timing) {
    requestDuration.record(timing.total(), TimeUnit.NANOSECONDS);
    queueDuration.record(timing.queue(), TimeUnit.NANOSECONDS);
    successes.increment();
    inferences.add(timing.rows());
    requestNanos.add(timing.total());
    queueNanos.add(timing.queue());
    inputNanos.add(timing.computeInput());
    inferNanos.add(timing.computeInfer());
    outputNanos.add(timing.computeOutput());
  }

  void requestFailed(ErrorCode reason) {
    Counter counter = failures.get(reason);
    LongAdder count = tritonFailures.get(reason);
    if (counter != null && count != null) {
      counter.increment();
      count.increment();
    }
  }

  void mergedCompared(boolean differed) {
    (differed ? mergedDiffered : mergedAlike).increment();
  }

  void batchExecuted(BatchTiming timing) {
    executions.increment();
    batchSize.record((double) timing.rows());
    batchPadding.record(timing.paddedRatio());
    tokens.increment((double) timing.tokens());
    paddingTokens.increment((double) timing.paddingTokens());
    computeInputDuration.record(timing.computeInput(), TimeUnit.NANOSECONDS);
    computeInferDuration.record(timing.computeInfer(), TimeUnit.NANOSECONDS);
    computeOutputDuration.record(timing.computeOutput(), TimeUnit.NANOSECONDS);
  }

  /** Takes all of them out of the registry. */
  void remove() {
    meters.forEach(registry::remove);
  }

  private Timer timer(String name, String description) {
    return kept(Timer.builder(name).description(description).tags(tags).register(registry));
  }

  private DistributionSummary summary(String name, String description) {
    return kept(
        DistributionSummary.builder(name).description(description).tags(tags).register(registry));
  }

  private Counter counter(String name, String description) {
    return kept(Counter.builder(name).description(description).tags(tags).register(registry));
  }

  private void count(String name, String description, LongAdder count) {
    gauge(name, description + ", by Triton's name", count, LongAdder::sum);
  }

  private void micros(String name, String description, LongAdder nanos) {
    gauge(
        name,
        description + ", in microseconds, by Triton's name",
        nanos,
        adder -> adder.sum() / 1e3);
  }

  private <T> void gauge(String name, String description, T source, ToDoubleFunction<T> reading) {
    kept(
        Gauge.builder(name, source, reading)
            .description(description)
            .tags(tags)
            .strongReference(true)
            .register(registry));
  }

  private <M extends Meter> M kept(M meter) {
    meters.add(meter);
    return meter;
  }
}
