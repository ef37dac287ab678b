package io.onnxfleet.gateway.body;

import io.onnxfleet.contract.api.ErrorCode;
import io.onnxfleet.gateway.failure.GatewayException;

/**
 * The bounds of one body, in bytes.
 *
 * @param join up to here it is kept as one, so that it can be sent again
 * @param keep up to here it is kept in memory
 * @param most above this it is refused
 * @param mustKeep whether it is refused, not streamed, when it cannot be kept
 */
record BodyLimits(long join, long keep, long most, boolean mustKeep) {

  GatewayException tooLarge(long size) {
    return new GatewayException(
        ErrorCode.REQUEST_TOO_LARGE,
        "body: " + size + " bytes or more (expected: <= " + most + ")");
  }

  GatewayException brokenOff(Throwable error, long size) {
    return RequestContent.brokenOff(error, size);
  }
}
