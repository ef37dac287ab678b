package io.onnxfleet.gateway.admission;

import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * How many inference requests of one model the gateway has at the replicas at a time, and who may
 * wait for a place.
 *
 * @param enabled whether models have limits at all
 * @param targetLatency of an answer under full load, from the replica; 1 ms or more. The limit
 *     settles where it is reached
 * @param baseMultiple a slow model's target is this multiple of its latency without load, if that
 *     is more; 1 or more
 * @param initial the limit before anything was measured; between {@code least} and {@code most}
 * @param least 1 or more
 * @param most at least {@code least}
 * @param queueShare requests that may wait for a place, as a share of the limit; 0 to 10
 * @param maxQueueTime that a request waits for a place; 1 ms or more
 * @param maxCallerShare of the limit that one caller may have at a time; above 0, up to 1. Places
 *     are shared evenly among those that wait in any case
 * @param callerHeader the header in which a trusted proxy names the caller; empty: none. Else the
 *     verified credentials do, or the address
 */
@ConfigurationProperties(prefix = "fleet.gateway.limits", ignoreUnknownFields = false)
public record LimitProperties(
    @DefaultValue("true") boolean enabled,
    @DefaultValue("1s") Duration targetLatency,
    @DefaultValue("10") double baseMultiple,
    @DefaultValue("256") int initial,
    @DefaultValue("32") int least,
    @DefaultValue("5000") int most,
    @DefaultValue("0.25") double queueShare,
    @DefaultValue("1s") Duration maxQueueTime,
    @DefaultValue("1") double maxCallerShare,
    @DefaultValue("") String callerHeader) {

  public LimitProperties {
    require(targetLatency.toMillis() >= 1, "target-latency", targetLatency, ">= 1ms");
    require(baseMultiple >= 1, "base-multiple", baseMultiple, ">= 1");
    require(least >= 1, "least", least, ">= 1");
    require(most >= least, "most", most, ">= least, " + least);
    require(initial >= least && initial <= most, "initial", initial, least + " to " + most);
    require(queueShare >= 0 && queueShare <= 10, "queue-share", queueShare, "0 to 10");
    require(maxQueueTime.toMillis() >= 1, "max-queue-time", maxQueueTime, ">= 1ms");
    require(
        maxCallerShare > 0 && maxCallerShare <= 1,
        "max-caller-share",
        maxCallerShare,
        "above 0, up to 1");
  }

  private static void require(boolean holds, String key, Object value, String expected) {
    if (!holds) {
      throw new IllegalArgumentException(
          "fleet.gateway.limits." + key + ": " + value + " (expected: " + expected + ")");
    }
  }
}
