package io.onnxfleet.gateway.failure;

import io.onnxfleet.contract.api.ErrorBody;
import io.onnxfleet.contract.api.ErrorCode;

/**
 * A request that the gateway itself refuses. It carries no stack trace: refusing must be cheap, and
 * the message says what was wrong and what was expected.
 */
public final class GatewayException extends RuntimeException {

  private static final long RETRY_AFTER_SECONDS = 1;

  private final ErrorCode code;
  private final long retryAfterSeconds;

  public GatewayException(ErrorCode code, String message) {
    this(code, message, RETRY_AFTER_SECONDS);
  }

  /**
   * A refusal that says when to come again.
   *
   * @param retryAfterSeconds told to the client if the code's category is retryable; 0 if nobody
   *     knows
   */
  public GatewayException(ErrorCode code, String message, long retryAfterSeconds) {
    super(message, null, false, false);
    this.code = code;
    this.retryAfterSeconds = retryAfterSeconds;
  }

  public ErrorCode code() {
    return code;
  }

  /** When to come again; 0 if nobody knows. */
  public long retryAfterSeconds() {
    return retryAfterSeconds;
  }

  /** What a request for the path is told, in the path's shape. */
  public byte[] bodyFor(String path) {
    return ErrorBody.of(path, code, String.valueOf(getMessage())).write();
  }
}
