package io.onnxfleet.jobs.webhook;

import java.util.Arrays;
import java.util.stream.Collectors;

/** What may happen to a job that others are told of. */
public enum EventType {
  BATCH_COMPLETED("batch.completed"),
  BATCH_FAILED("batch.failed"),
  BATCH_EXPIRED("batch.expired"),
  BATCH_CANCELLED("batch.cancelled"),
  JOB_COMPLETED("job.completed"),
  JOB_FAILED("job.failed"),
  JOB_EXPIRED("job.expired"),
  JOB_CANCELLED("job.cancelled");

  private final String label;

  EventType(String label) {
    this.label = label;
  }

  /** As OpenAI's events have it; those of single requests are in their manner. */
  public String label() {
    return label;
  }

  /**
   * The one with this label.
   *
   * @param key of the setting, for the message
   * @throws IllegalArgumentException if there is none
   */
  static EventType of(String key, String label) {
    for (EventType type : values()) {
      if (type.label.equals(label)) {
        return type;
      }
    }
    throw new IllegalArgumentException(
        "%s: '%s' (expected: one of %s)"
            .formatted(
                key,
                label,
                Arrays.stream(values()).map(EventType::label).collect(Collectors.joining(", "))));
  }
}
