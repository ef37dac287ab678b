package io.onnxfleet.gateway.call;

import io.onnxfleet.contract.api.ErrorCode;
import io.onnxfleet.contract.fleet.TimeLeft;
import io.onnxfleet.gateway.failure.GatewayException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * The moment by which the whole request must have been answered, tries and body included.
 *
 * @param atNanos on the gateway's nanosecond clock
 */
public record Deadline(long atNanos) {

  /**
   * Reads the header.
   *
   * @param given the header's value: whole milliseconds from now
   * @param most what is allowed at most, and what holds without a header
   */
  public static Deadline read(@Nullable String given, Duration most, long nowNanos) {
    if (given == null) {
      return new Deadline(nowNanos + most.toNanos());
    }
    try {
      return new Deadline(nowNanos + Math.min(TimeLeft.read(given).toNanos(), most.toNanos()));
    } catch (IllegalArgumentException malformed) {
      throw new GatewayException(
          ErrorCode.MALFORMED_REQUEST, String.valueOf(malformed.getMessage()));
    }
  }

  /** What a request is refused with whose time is up. */
  public static GatewayException passed() {
    return new GatewayException(
        ErrorCode.DEADLINE_EXCEEDED, "the deadline passed before the answer was complete");
  }

  /** What is left of it; 0 once it has passed. */
  public Duration remaining(long nowNanos) {
    return Duration.ofNanos(Math.max(0, atNanos - nowNanos));
  }
}
