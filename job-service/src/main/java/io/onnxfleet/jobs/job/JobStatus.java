package io.onnxfleet.jobs.job;

import java.util.Locale;

/** How far a job is. */
public enum JobStatus {
  QUEUED,
  IN_PROGRESS,
  /** There is an answer, of whatever status. */
  COMPLETED,
  /** There is no answer, for a reason that is told. */
  FAILED,
  EXPIRED,
  CANCELLED;

  private final String label = name().toLowerCase(Locale.ROOT);

  /** As the database and the API have it. */
  public String label() {
    return label;
  }

  static JobStatus of(String label) {
    return valueOf(label.toUpperCase(Locale.ROOT));
  }

  /** Whether nothing changes any more. */
  public boolean isEnd() {
    return this != QUEUED && this != IN_PROGRESS;
  }
}
