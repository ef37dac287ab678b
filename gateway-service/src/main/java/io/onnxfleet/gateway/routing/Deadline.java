package io.onnxfleet.gateway.routing;

import io.onnxfleet.gateway.failure.ErrorCode;
import io.onnxfleet.gateway.failure.GatewayException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * The moment by which the whole request must have been answered, tries and body included.
 *
 * @param atNanos on the gateway's nanosecond clock
 */
record Deadline(long atNanos) {

  static final String HEADER = "Inference-Deadline-Ms";

  /**
   * Reads the header.
   *
   * @param given the header's value: whole milliseconds from now
   * @param most what is allowed at most, and what holds without a header
   */
  static Deadline read(@Nullable String given, Duration most, long nowNanos) {
    if (given == null) {
      return new Deadline(nowNanos + most.toNanos());
    }
    long millis;
    try {
      millis = Long.parseLong(given.strip());
    } catch (NumberFormatException malformed) {
      throw new GatewayException(
          ErrorCode.MALFORMED_REQUEST, HEADER + ": '" + given + "' (expected: whole milliseconds)");
    }
    return new Deadline(
        nowNanos + Duration.ofMillis(Math.clamp(millis, 0, most.toMillis())).toNanos());
  }

  Duration remaining(long nowNanos) {
    return Duration.ofNanos(Math.max(0, atNanos - nowNanos));
  }
}
