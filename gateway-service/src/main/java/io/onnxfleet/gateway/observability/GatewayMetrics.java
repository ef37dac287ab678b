package io.onnxfleet.gateway.observability;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The gateway's events as meters. Meters are looked up once and kept: their number is bounded by
 * the models of the fleet, since only known names become tags.
 *
 * <p>Safe for use by many threads.
 */
public final class GatewayMetrics {

  private record Ended(String model, Outcome outcome) {}

  private static final String NO_MODEL = "none";

  private final MeterRegistry registry;
  private final Map<Ended, Timer> requests = new ConcurrentHashMap<>();
  private final Map<String, Timer> upstream = new ConcurrentHashMap<>();
  private final Map<String, Counter> retries = new ConcurrentHashMap<>();

  public GatewayMetrics(MeterRegistry registry) {
    this.registry = registry;
  }

  /** A whole request ended, as its client saw it. */
  public void requestEnded(@Nullable String model, Outcome outcome, long nanos) {
    requests
        .computeIfAbsent(new Ended(model == null ? NO_MODEL : model, outcome), this::requestTimer)
        .record(Duration.ofNanos(nanos));
  }

  /** One try at a replica ended, well or not. */
  public void tryEnded(String model, long nanos) {
    upstream.computeIfAbsent(model, this::upstreamTimer).record(Duration.ofNanos(nanos));
  }

  /** A try failed for the reason and another one follows. */
  public void retried(String reason) {
    retries.computeIfAbsent(reason, this::retryCounter).increment();
  }

  private Timer requestTimer(Ended ended) {
    return Timer.builder(GatewayMetricNames.REQUESTS)
        .description("whole requests as the client sees them")
        .tag(GatewayMetricNames.TAG_MODEL, ended.model)
        .tag(GatewayMetricNames.TAG_OUTCOME, ended.outcome.tag())
        .publishPercentileHistogram()
        .minimumExpectedValue(Duration.ofMillis(1))
        .maximumExpectedValue(Duration.ofMinutes(1))
        .register(registry);
  }

  private Timer upstreamTimer(String model) {
    return Timer.builder(GatewayMetricNames.UPSTREAM)
        .description("tries at replicas, to the end of their answer")
        .tag(GatewayMetricNames.TAG_MODEL, model)
        .publishPercentileHistogram()
        .minimumExpectedValue(Duration.ofMillis(1))
        .maximumExpectedValue(Duration.ofMinutes(1))
        .register(registry);
  }

  private Counter retryCounter(String reason) {
    return Counter.builder(GatewayMetricNames.RETRIES)
        .description("tries after a first one failed")
        .tag(GatewayMetricNames.TAG_REASON, reason)
        .register(registry);
  }
}
