package io.onnxfleet.jobs.observability;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.List;
import java.util.Map;
import org.springframework.stereotype.Component;

/**
 * Counts lines, batches and single requests that have ended at this process. Each counter that is
 * known beforehand is there from the start, at 0, so that its first step is seen as one.
 * Thread-safe.
 */
@Component
public final class EndCounters {
  /** The outcome of a line that is in the output file. */
  public static final String ANSWERED = "answered";

  /**
   * A counter: lines that have ended; tag {@code outcome}: {@link #ANSWERED}, the class of a status
   * that is no success, or the code of the line's error.
   */
  static final String ENDED_LINES = "fleet.jobs.lines.ended";

  /** A counter: batches that have ended; tag {@code status}: the last one. */
  static final String ENDED_BATCHES = "fleet.jobs.batches.ended";

  /**
   * A counter: single requests that have ended; tag {@code outcome}: {@link #ANSWERED}, the class
   * of a status that is no success, or the last status of one without an answer.
   */
  static final String ENDED_REQUESTS = "fleet.jobs.requests.ended";

  private static final String OUTCOME = "outcome";
  private static final String STATUS = "status";
  private static final int HUNDRED = 100;
  private static final int FIRST_FAILURE = 300;

  private static final List<String> OUTCOMES =
      List.of(
          ANSWERED,
          "status_3xx",
          "status_4xx",
          "status_5xx",
          "unusable_answer",
          "no_answer_in_time",
          "connection_broken",
          "batch_cancelled",
          "batch_expired",
          "batch_failed");

  private static final List<String> STATUSES =
      List.of("completed", "failed", "expired", "cancelled");

  private static final List<String> REQUEST_OUTCOMES =
      List.of(ANSWERED, "status_3xx", "status_4xx", "status_5xx", "failed", "expired", "cancelled");

  private final MeterRegistry registry;

  /** Counts from now on. */
  public EndCounters(MeterRegistry registry) {
    this.registry = registry;
    OUTCOMES.forEach(outcome -> lines(registry, outcome));
    STATUSES.forEach(status -> batches(registry, status));
    REQUEST_OUTCOMES.forEach(outcome -> requests(registry, outcome));
  }

  /** The outcome of a single request that has an answer of this status. */
  public static String ofAnswer(int status) {
    return status < FIRST_FAILURE ? ANSWERED : ofStatus(status);
  }

  /** The outcome of a line whose answer, of this status, is in the error file. */
  public static String ofStatus(int status) {
    return "status_" + status / HUNDRED + "xx";
  }

  /** Counts lines, by their outcomes. */
  public void lines(Map<String, Integer> outcomes) {
    outcomes.forEach((outcome, count) -> lines(registry, outcome).increment(count));
  }

  /** Counts a batch that has got its last status. */
  public void batch(String status) {
    batches(registry, status).increment();
  }

  /** Counts a single request that has got its last status. */
  public void request(String outcome) {
    requests(registry, outcome).increment();
  }

  private static Counter requests(MeterRegistry registry, String outcome) {
    return Counter.builder(ENDED_REQUESTS)
        .description("Single requests that have ended, by what came of them")
        .tag(OUTCOME, outcome)
        .register(registry);
  }

  private static Counter lines(MeterRegistry registry, String outcome) {
    return Counter.builder(ENDED_LINES)
        .description("Lines that have ended, by what came of them")
        .tag(OUTCOME, outcome)
        .register(registry);
  }

  private static Counter batches(MeterRegistry registry, String status) {
    return Counter.builder(ENDED_BATCHES)
        .description("Batches that have ended, by their last status")
        .tag(STATUS, status)
        .register(registry);
  }
}
