package io.onnxfleet.gateway.routing;

import io.netty.handler.timeout.ReadTimeoutException;
import io.onnxfleet.gateway.failure.ErrorCode;
import io.onnxfleet.gateway.failure.GatewayException;

/**
 * The bounds of one body, in bytes.
 *
 * @param keep up to here it is kept in memory
 * @param most above this it is refused
 * @param mustKeep whether it is refused, not streamed, when it cannot be kept
 */
record BodyLimits(long keep, long most, boolean mustKeep) {

  GatewayException tooLarge(long size) {
    return new GatewayException(
        ErrorCode.BODY_TOO_LARGE, "body: " + size + " bytes or more (expected: <= " + most + ")");
  }

  GatewayException brokenOff(Throwable error, long size) {
    if (error instanceof GatewayException refusal) {
      return refusal;
    }
    if (error instanceof ReadTimeoutException) {
      return new GatewayException(
          ErrorCode.BODY_TIMEOUT, "the body came to a halt after " + size + " bytes");
    }
    return new GatewayException(
        ErrorCode.MALFORMED_REQUEST, "the body broke off after " + size + " bytes");
  }
}
