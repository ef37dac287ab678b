package io.onnxfleet.gateway.failure;

/**
 * A request that the gateway itself refuses. It carries no stack trace: refusing must be cheap, and
 * the message says what was wrong and what was expected.
 */
public final class GatewayException extends RuntimeException {

  private final ErrorCode code;

  public GatewayException(ErrorCode code, String message) {
    super(message, null, false, false);
    this.code = code;
  }

  public ErrorCode code() {
    return code;
  }
}
