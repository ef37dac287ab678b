package io.onnxfleet.gateway.failure;

/** What kind of end a refused request met; the protocol's categories. */
public enum ErrorCategory {
  INVALID_REQUEST,
  NOT_FOUND,
  FORBIDDEN,
  OVERLOADED,
  DEADLINE_EXCEEDED,
  UNAVAILABLE,
  INTERNAL;

  /**
   * Whether the same request may succeed a little later: its answer carries {@code Retry-After}.
   */
  boolean isRetryable() {
    return this == OVERLOADED || this == UNAVAILABLE;
  }
}
