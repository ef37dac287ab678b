package io.onnxfleet.contract.api;

/** Whose turn it is to act when a request fails. */
public enum ErrorCategory {
  /** The caller must change the request. */
  INVALID_REQUEST("invalid_request_error"),
  /** The caller names what does not exist. */
  NOT_FOUND("invalid_request_error"),
  /** Nobody knows who the caller is. */
  UNAUTHENTICATED("authentication_error"),
  /** The caller may not do this. */
  FORBIDDEN("permission_error"),
  /** This caller's or this model's share is used up for the moment. */
  OVERLOADED("rate_limit_error"),
  /** The deadline passed, or cannot be met. */
  DEADLINE_EXCEEDED("server_error"),
  /** The caller gave up. */
  CANCELLED("server_error"),
  /** What was asked for is known but not there now. */
  UNAVAILABLE("server_error"),
  /** It will not be there before somebody changes something. */
  UNAVAILABLE_FOR_GOOD("server_error"),
  /** A defect of ours or of the model's run. */
  INTERNAL("server_error");

  private final String openAiType;

  ErrorCategory(String openAiType) {
    this.openAiType = openAiType;
  }

  /** What OpenAI's clients tell errors apart by first. */
  public String openAiType() {
    return openAiType;
  }

  /**
   * Whether the same request may succeed a little later: its answer carries {@code Retry-After}.
   */
  public boolean isRetryable() {
    return this == OVERLOADED || this == UNAVAILABLE;
  }
}
