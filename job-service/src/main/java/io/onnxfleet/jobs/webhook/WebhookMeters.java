package io.onnxfleet.jobs.webhook;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.onnxfleet.jobs.observability.DatabaseNumbers;
import java.util.Locale;
import java.util.Set;

/** What is measured of deliveries. Thread-safe. */
final class WebhookMeters {
  /**
   * A counter of tries; tags {@code webhook}: the endpoint's name, and {@code outcome}. Prometheus'
   * operator has a label {@code endpoint} of its own, which would take the place of ours.
   */
  static final String DELIVERIES = "fleet.jobs.webhooks.deliveries";

  /** A gauge: deliveries that have not ended. The same at each job service of one database. */
  static final String WAITING = "fleet.jobs.webhooks.waiting";

  /** What a try came to. */
  enum Outcome {
    DELIVERED,
    /** It failed and there will be another. */
    RETRIED,
    /** It failed and was the last. */
    GIVEN_UP,
    /** The endpoint says that it wants no more. */
    GONE;

    private final String label = name().toLowerCase(Locale.ROOT);
  }

  private final MeterRegistry registry;

  /**
   * Measures from now on.
   *
   * @param endpoints whose counters begin at 0
   */
  WebhookMeters(
      MeterRegistry registry,
      DeliveryRecords records,
      DatabaseNumbers numbers,
      Set<String> endpoints) {
    this.registry = registry;
    for (String endpoint : endpoints) {
      for (Outcome outcome : Outcome.values()) {
        counter(endpoint, outcome);
      }
    }
    Gauge.builder(WAITING, records, waiting -> numbers.ask(waiting::count))
        .description("Deliveries of webhooks that have not ended")
        .strongReference(true)
        .register(registry);
  }

  void count(String endpoint, Outcome outcome) {
    counter(endpoint, outcome).increment();
  }

  private Counter counter(String endpoint, Outcome outcome) {
    return Counter.builder(DELIVERIES)
        .description("Tries to deliver a webhook")
        .tag("webhook", endpoint)
        .tag("outcome", outcome.label)
        .register(registry);
  }
}
