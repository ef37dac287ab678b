package io.onnxfleet.jobs.batch;

import java.util.Locale;

/** How far a batch is. */
public enum BatchStatus {
  VALIDATING,
  IN_PROGRESS,
  COMPLETED,
  FAILED,
  EXPIRED,
  CANCELLED;

  private final String label = name().toLowerCase(Locale.ROOT);

  /** As the database and OpenAI's API have it. */
  public String label() {
    return label;
  }

  static BatchStatus of(String label) {
    return valueOf(label.toUpperCase(Locale.ROOT));
  }

  /** Whether nothing changes any more. */
  public boolean isEnd() {
    return this != VALIDATING && this != IN_PROGRESS;
  }
}
