package io.onnxfleet.gateway.suspect;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.function.Supplier;

/** Deaths and what followed from them, as meters. Thread-safe. */
final class SuspectMetrics {

  /** Counter: processes that broke off a request; not those that said that they go away. */
  static final String DEATHS = "fleet.gateway.replica.deaths";

  /** Counter: requests that were under way at a death, by what became of them. */
  static final String SUSPECTS = "fleet.gateway.suspects";

  /** Counter: requests that no replica may get for now, by the reason. */
  static final String REFUSALS = "fleet.gateway.suspects.refused";

  /** Gauge: contents of models on probation. */
  static final String PROBATION = "fleet.gateway.probation";

  /** Gauge: contents of models in quarantine. */
  static final String QUARANTINE = "fleet.gateway.quarantine";

  private static final String OUTCOME = "outcome";

  private final Counter deaths;
  private final Counter sentOn;
  private final Counter notSentOn;
  private final Counter onProbation;
  private final Counter inQuarantine;
  private final MeterRegistry registry;

  SuspectMetrics(MeterRegistry registry) {
    this.registry = registry;
    this.deaths =
        Counter.builder(DEATHS)
            .description("replicas that died while they had a request of this gateway")
            .register(registry);
    this.sentOn = suspects("sent_on");
    this.notSentOn = suspects("refused");
    this.onProbation = refusals("probation");
    this.inQuarantine = refusals("quarantine");
  }

  private Counter suspects(String outcome) {
    return Counter.builder(SUSPECTS)
        .description("requests that were under way where a replica died")
        .tag(OUTCOME, outcome)
        .register(registry);
  }

  private Counter refusals(String reason) {
    return Counter.builder(REFUSALS)
        .description("requests that no replica may get for now")
        .tag("reason", reason)
        .register(registry);
  }

  void counts(Supplier<Number> onProbationNow, Supplier<Number> inQuarantineNow) {
    Gauge.builder(PROBATION, onProbationNow)
        .description(
            "contents of models that get one replica, until one of their requests succeeds")
        .register(registry);
    Gauge.builder(QUARANTINE, inQuarantineNow)
        .description("contents of models that get no replica, because they ended processes")
        .register(registry);
  }

  void died() {
    deaths.increment();
  }

  void suspect(boolean isSentOn) {
    (isSentOn ? sentOn : notSentOn).increment();
  }

  void refusedOnProbation() {
    onProbation.increment();
  }

  void refusedInQuarantine() {
    inQuarantine.increment();
  }
}
