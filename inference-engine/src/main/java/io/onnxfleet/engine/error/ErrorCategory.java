package io.onnxfleet.engine.error;

/** Whose turn it is to act when a request fails; each protocol maps a category to one status. */
public enum ErrorCategory {
  /** The caller must change the request. */
  INVALID_REQUEST(false),
  /** The caller must send less. */
  TOO_LARGE(false),
  /** The caller names a model or a version that does not exist. */
  NOT_FOUND(false),
  /** This caller's or this model's share is used up for the moment. */
  OVERLOADED(true),
  /** The deadline passed, or cannot be met. */
  DEADLINE_EXCEEDED(false),
  /** The caller gave up. */
  CANCELLED(false),
  /** The model is known but not ready here, or the process is going away. */
  UNAVAILABLE(true),
  /** The model is known and will not be ready before somebody changes it. */
  UNAVAILABLE_FOR_GOOD(false),
  /** A defect of ours or of the model's run. */
  INTERNAL(false);

  private final boolean retryable;

  ErrorCategory(boolean retryable) {
    this.retryable = retryable;
  }

  /** True if the same request may succeed unchanged, elsewhere or later. */
  public boolean isRetryable() {
    return retryable;
  }
}
