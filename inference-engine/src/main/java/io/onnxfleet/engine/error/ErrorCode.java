package io.onnxfleet.engine.error;

/** Every distinct failure of the engine. */
public enum ErrorCode {
  INVALID_INPUT(ErrorCategory.INVALID_REQUEST),
  UNSUPPORTED_FEATURE(ErrorCategory.INVALID_REQUEST),
  REQUEST_TOO_LARGE(ErrorCategory.TOO_LARGE),
  MODEL_NOT_FOUND(ErrorCategory.NOT_FOUND),
  QUEUE_FULL(ErrorCategory.OVERLOADED),
  MEMORY_EXHAUSTED(ErrorCategory.OVERLOADED),
  DEADLINE_EXCEEDED(ErrorCategory.DEADLINE_EXCEEDED),
  CANCELLED(ErrorCategory.CANCELLED),
  MODEL_NOT_READY(ErrorCategory.UNAVAILABLE),
  MODEL_CANNOT_SERVE(ErrorCategory.UNAVAILABLE_FOR_GOOD),
  SHUTTING_DOWN(ErrorCategory.UNAVAILABLE),
  MODEL_LOAD_FAILED(ErrorCategory.INTERNAL),
  EXECUTION_FAILED(ErrorCategory.INTERNAL);

  private final ErrorCategory category;

  ErrorCode(ErrorCategory category) {
    this.category = category;
  }

  public ErrorCategory category() {
    return category;
  }
}
