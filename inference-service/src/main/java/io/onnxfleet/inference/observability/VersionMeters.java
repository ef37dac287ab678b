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
import io.onnxfleet.engine.metrics.ModelVersionId;
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

/**
 * The meters of one model version, all registered from the start: a series that appears only with
 * the first request cannot be scaled on. Thread-safe.
 */
final class VersionMeters {
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

  VersionMeters(
      MeterRegistry registry, ModelVersionId id, String executionProvider, ModelGauges gauges) {
    this.registry = registry;
    this.tags =
        Tags.of(
            MeterNames.MODEL_TAG, id.model(), MeterNames.VERSION_TAG, Long.toString(id.version()));
    requestDuration =
        kept(
            Timer.builder(MeterNames.REQUEST_DURATION)
                .description("Whole requests, from acceptance to answer")
                .tags(tags)
                .publishPercentileHistogram()
                .minimumExpectedValue(Duration.ofNanos(100_000))
                .maximumExpectedValue(Duration.ofSeconds(60))
                .register(registry));
    queueDuration = timer(MeterNames.QUEUE_DURATION, "From acceptance to the batch's closing");
    computeInputDuration = timer(MeterNames.COMPUTE_INPUT_DURATION, "Gathering a batch's inputs");
    computeInferDuration = timer(MeterNames.COMPUTE_INFER_DURATION, "The model's run");
    computeOutputDuration = timer(MeterNames.COMPUTE_OUTPUT_DURATION, "Parting the outputs");
    batchSize = summary(MeterNames.BATCH_SIZE, "Rows of an executed batch");
    batchPadding = summary(MeterNames.BATCH_PADDING, "Share of a batch's input that was padding");
    mergedAlike = comparisons("alike");
    mergedDiffered = comparisons("differed");
    for (ErrorCode code : ErrorCode.values()) {
      registerFailures(code);
    }
    registerGauges(executionProvider, gauges);
    registerTritonCounters(gauges);
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
    gauge(MeterNames.TRITON_REQUEST_FAILURE, reason, count, LongAdder::sum);
  }

  private void registerGauges(String executionProvider, ModelGauges gauges) {
    gauge(MeterNames.PENDING_REQUESTS, tags, gauges, ModelGauges::pendingRequests);
    gauge(MeterNames.PENDING_ROWS, tags, gauges, ModelGauges::pendingRows);
    gauge(MeterNames.BUSY_SHARE, tags, gauges, ModelGauges::busyShare);
    gauge(MeterNames.INSTANCES, tags, gauges, ModelGauges::instances);
    kept(
        Gauge.builder(MeterNames.MODEL_RUN_MEMORY, gauges, ModelGauges::runMemoryBytes)
            .description("What the version's runs take or have left for the next ones")
            .baseUnit("bytes")
            .tags(tags)
            .strongReference(true)
            .register(registry));
    gauge(
        MeterNames.MODEL_READY,
        tags.and(MeterNames.PROVIDER_TAG, executionProvider),
        gauges,
        ready -> 1);
    kept(
        Gauge.builder(MeterNames.QUEUE_DELAY, gauges, ModelGauges::queueDelaySeconds)
            .description("How long the oldest waiting request has waited")
            .baseUnit("seconds")
            .tags(tags)
            .strongReference(true)
            .register(registry));
  }

  private void registerTritonCounters(ModelGauges gauges) {
    gauge(MeterNames.TRITON_REQUEST_SUCCESS, tags, successes, LongAdder::sum);
    gauge(MeterNames.TRITON_INFERENCE_COUNT, tags, inferences, LongAdder::sum);
    gauge(MeterNames.TRITON_EXECUTION_COUNT, tags, executions, LongAdder::sum);
    gauge(MeterNames.TRITON_PENDING_REQUESTS, tags, gauges, ModelGauges::pendingRequests);
    gauge(MeterNames.TRITON_REQUEST_DURATION, tags, requestNanos, VersionMeters::micros);
    gauge(MeterNames.TRITON_QUEUE_DURATION, tags, queueNanos, VersionMeters::micros);
    gauge(MeterNames.TRITON_COMPUTE_INPUT_DURATION, tags, inputNanos, VersionMeters::micros);
    gauge(MeterNames.TRITON_COMPUTE_INFER_DURATION, tags, inferNanos, VersionMeters::micros);
    gauge(MeterNames.TRITON_COMPUTE_OUTPUT_DURATION, tags, outputNanos, VersionMeters::micros);
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
    computeInputDuration.record(timing.computeInput(), TimeUnit.NANOSECONDS);
    computeInferDuration.record(timing.computeInfer(), TimeUnit.NANOSECONDS);
    computeOutputDuration.record(timing.computeOutput(), TimeUnit.NANOSECONDS);
  }

  /** Takes all of them out of the registry. */
  void remove() {
    meters.forEach(registry::remove);
  }

  private static double micros(LongAdder nanos) {
    return nanos.sum() / 1e3;
  }

  private Timer timer(String name, String description) {
    return kept(Timer.builder(name).description(description).tags(tags).register(registry));
  }

  private DistributionSummary summary(String name, String description) {
    return kept(
        DistributionSummary.builder(name).description(description).tags(tags).register(registry));
  }

  private <T> void gauge(String name, Tags gaugeTags, T source, ToDoubleFunction<T> reading) {
    kept(
        Gauge.builder(name, source, reading)
            .tags(gaugeTags)
            .strongReference(true)
            .register(registry));
  }

  private <M extends Meter> M kept(M meter) {
    meters.add(meter);
    return meter;
  }
}
