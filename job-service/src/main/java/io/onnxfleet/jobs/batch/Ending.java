package io.onnxfleet.jobs.batch;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Why a batch ends before each of its lines is answered; those get an error of this kind. */
public enum Ending {
  CANCELLED(BatchStatus.CANCELLED, "batch_cancelled", "the batch was cancelled before"),
  EXPIRED(BatchStatus.EXPIRED, "batch_expired", "the batch's completion window ended before"),
  FAILED(BatchStatus.FAILED, "batch_failed", "the batch failed before");

  private final BatchStatus status;
  private final String code;
  private final String message;
  private final String label = name().toLowerCase(Locale.ROOT);

  Ending(BatchStatus status, String code, String message) {
    this.status = status;
    this.code = code;
    this.message = message;
  }

  BatchStatus status() {
    return status;
  }

  String label() {
    return label;
  }

  /** What programs tell the error of such a line by. */
  public String lineCode() {
    return code;
  }

  /** What is said of such a line. */
  public String lineMessage() {
    return message;
  }

  static @Nullable Ending of(@Nullable String label) {
    return label == null ? null : valueOf(label.toUpperCase(Locale.ROOT));
  }
}
