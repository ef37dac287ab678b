package io.onnxfleet.contract.api;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Every refusal that a caller may see, whichever process refuses: one cause has one code. Its
 * category says whose turn it is, its status is HTTP's, its label the {@code code} of OpenAI's
 * shape.
 */
public enum ErrorCode {
  // The request itself.
  /** Its content: what programs could tell apart stands in the message, not in a code. */
  INVALID_INPUT(ErrorCategory.INVALID_REQUEST, 400, null, null),
  /** Its form, as far as a process looks at it that passes it on. */
  MALFORMED_REQUEST(ErrorCategory.INVALID_REQUEST, 400),
  UNSUPPORTED_FEATURE(ErrorCategory.INVALID_REQUEST, 400, "unsupported_feature", Param.MODEL),
  REQUEST_LINE_TOO_LONG(ErrorCategory.INVALID_REQUEST, 414),
  HEADERS_TOO_LARGE(ErrorCategory.INVALID_REQUEST, 431),
  HEAD_TIMEOUT(ErrorCategory.INVALID_REQUEST, 408),
  BODY_TIMEOUT(ErrorCategory.INVALID_REQUEST, 408),
  REQUEST_TOO_LARGE(ErrorCategory.INVALID_REQUEST, 413, "request_too_large", Param.INPUT),
  UNSUPPORTED_ENCODING(ErrorCategory.INVALID_REQUEST, 415),
  METHOD_NOT_ALLOWED(ErrorCategory.INVALID_REQUEST, 405),
  UNKNOWN_PATH(ErrorCategory.NOT_FOUND, 404),

  // The model.
  MODEL_NOT_FOUND(ErrorCategory.NOT_FOUND, 404, "model_not_found", Param.MODEL),
  MODEL_NOT_READY(ErrorCategory.UNAVAILABLE, 503, "model_not_ready", Param.MODEL),
  MODEL_CANNOT_SERVE(ErrorCategory.UNAVAILABLE_FOR_GOOD, 503, "model_cannot_serve", Param.MODEL),
  MODEL_LOAD_FAILED(ErrorCategory.INTERNAL, 500),
  MODEL_QUARANTINED(ErrorCategory.UNAVAILABLE, 503, "model_quarantined", Param.MODEL),
  MODEL_ON_PROBATION(ErrorCategory.UNAVAILABLE, 503, "model_on_probation", Param.MODEL),
  QUALITY_UNAVAILABLE(ErrorCategory.UNAVAILABLE, 503),

  // Jobs.
  FILE_NOT_FOUND(ErrorCategory.NOT_FOUND, 404),
  BATCH_NOT_FOUND(ErrorCategory.NOT_FOUND, 404),
  /** A batch that has not ended reads it. */
  FILE_IN_USE(ErrorCategory.INVALID_REQUEST, 409),
  BATCH_ENDED(ErrorCategory.INVALID_REQUEST, 409),
  JOB_NOT_FOUND(ErrorCategory.NOT_FOUND, 404),
  /** There is nothing to cancel, or no answer and none to come. */
  JOB_ENDED(ErrorCategory.INVALID_REQUEST, 409),
  /** The key is another request's. */
  IDEMPOTENCY_KEY_REUSED(ErrorCategory.INVALID_REQUEST, 422),
  STORE_FULL(ErrorCategory.UNAVAILABLE, 503),
  /** Where files lie nobody answers, or not as it should. */
  STORE_UNAVAILABLE(ErrorCategory.UNAVAILABLE, 503),
  JOBS_UNAVAILABLE(ErrorCategory.UNAVAILABLE, 503),

  // Load.
  /**
   * The model, or its caller's share of it, has all the requests that it can take, as gateway or
   * replica knows it. OpenAI's clients know the label.
   */
  MODEL_OVERLOADED(ErrorCategory.OVERLOADED, 429, "rate_limit_exceeded", null),
  GATEWAY_OVERLOADED(ErrorCategory.OVERLOADED, 429),
  REPLICAS_SATURATED(ErrorCategory.OVERLOADED, 429),
  QUOTA_EXCEEDED(ErrorCategory.OVERLOADED, 429),
  TOO_MANY_FAILURES(ErrorCategory.OVERLOADED, 429),

  // Time.
  DEADLINE_EXCEEDED(ErrorCategory.DEADLINE_EXCEEDED, 504),
  DEADLINE_UNREACHABLE(ErrorCategory.DEADLINE_EXCEEDED, 504),
  BUDGET_UNREACHABLE(ErrorCategory.DEADLINE_EXCEEDED, 504),
  /** Nobody reads the answer; nginx's number for that. */
  CANCELLED(ErrorCategory.CANCELLED, 499),

  // Who may.
  CREDENTIALS_MISSING(ErrorCategory.UNAUTHENTICATED, 401),
  CREDENTIALS_INVALID(ErrorCategory.UNAUTHENTICATED, 401),
  CREDENTIALS_EXPIRED(ErrorCategory.UNAUTHENTICATED, 401),
  ADMINISTRATOR_UNKNOWN(ErrorCategory.UNAUTHENTICATED, 401),
  /** Said by a replica to who is none of its fleet. */
  STRANGER(ErrorCategory.UNAUTHENTICATED, 401),
  ADMINISTRATION_CLOSED(ErrorCategory.FORBIDDEN, 403),
  SCOPE_MISSING(ErrorCategory.FORBIDDEN, 403),
  MODEL_FORBIDDEN(ErrorCategory.FORBIDDEN, 403, "model_forbidden", Param.MODEL),
  ISSUER_UNAVAILABLE(ErrorCategory.UNAVAILABLE, 503),

  // The fleet.
  NO_REPLICA(ErrorCategory.UNAVAILABLE, 503),
  SHUTTING_DOWN(ErrorCategory.UNAVAILABLE, 503),
  SUSPECT_REQUEST(ErrorCategory.UNAVAILABLE, 503),
  REPLICA_REFUSED_CHANGE(ErrorCategory.INTERNAL, 502),
  EXECUTION_FAILED(ErrorCategory.INTERNAL, 500),
  INTERNAL(ErrorCategory.INTERNAL, 500);

  /** Arguments that errors are about. */
  private static final class Param {
    static final String MODEL = "model";
    static final String INPUT = "input";
  }

  private final ErrorCategory category;
  private final int status;
  private final @Nullable String label;
  private final @Nullable String param;

  ErrorCode(ErrorCategory category, int status) {
    this.category = category;
    this.status = status;
    this.label = name().toLowerCase(Locale.ROOT);
    this.param = null;
  }

  ErrorCode(ErrorCategory category, int status, @Nullable String label, @Nullable String param) {
    this.category = category;
    this.status = status;
    this.label = label;
    this.param = param;
  }

  public ErrorCategory category() {
    return category;
  }

  /** HTTP's. */
  public int status() {
    return status;
  }

  /** OpenAI's {@code code}; null where it has none. */
  public @Nullable String label() {
    return label;
  }

  /** OpenAI's {@code param}, the argument at fault, as far as the code alone tells. */
  public @Nullable String param() {
    return param;
  }
}
