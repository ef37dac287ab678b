package io.onnxfleet.gateway.balancing;

import io.onnxfleet.gateway.balancing.policy.PolicyName;
import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * How replicas are chosen, and which are left out for a while.
 *
 * @param policy how one of several replicas is chosen: {@code prequal}, {@code p2c}, {@code
 *     least-in-flight}, {@code round-robin}
 * @param zone where this gateway runs, {@code FLEET_ZONE} by default; replicas whose {@code zone}
 *     in the registry is the same come first. Blank counts as not set.
 * @param spillRatio a replica of another zone is taken when one of this zone would take this many
 *     times as long to answer; at least 1
 * @param reportAge after which a replica's report of its load counts no longer; more than 0
 * @param reportUses requests sent by one report before it counts no longer; 1 or more
 * @param maxProbesPerSecond questions for a replica's load, in all; 0 or more
 * @param slowStart time over which a new replica's share grows to a full one; 0 or more
 * @param leaveOutFirst how long a replica is left out that refuses or resets connections, errs, or
 *     is far slower than others; more than 0
 * @param leaveOutMost the time doubles with every further failure up to this; at least the first
 * @param maxLeftOutShare of the replicas that may be left out for errors or slowness, at least one
 *     of two; 0 to 1
 * @param consecutiveErrors answers with status 500 in a row that leave a replica out; 1 or more
 * @param slowFactor how many times the others' latency leaves a replica out; more than 1
 */
@ConfigurationProperties(prefix = "fleet.gateway.balancing", ignoreUnknownFields = false)
public record BalancingProperties(
    @DefaultValue("prequal") PolicyName policy,
    @DefaultValue("default") String zone,
    @DefaultValue("2") double spillRatio,
    @DefaultValue("1s") Duration reportAge,
    @DefaultValue("8") int reportUses,
    @DefaultValue("200") int maxProbesPerSecond,
    @DefaultValue("1s") Duration slowStart,
    @DefaultValue("1s") Duration leaveOutFirst,
    @DefaultValue("30s") Duration leaveOutMost,
    @DefaultValue("0.5") double maxLeftOutShare,
    @DefaultValue("5") int consecutiveErrors,
    @DefaultValue("4") double slowFactor) {

  public BalancingProperties {
    zone = ZonePreference.orDefault(zone);
    require("spill-ratio", spillRatio >= 1, spillRatio, ">= 1");
    require("report-age", isPositive(reportAge), reportAge, "> 0");
    require("report-uses", reportUses >= 1, reportUses, ">= 1");
    require("max-probes-per-second", maxProbesPerSecond >= 0, maxProbesPerSecond, ">= 0");
    require("slow-start", !slowStart.isNegative(), slowStart, ">= 0");
    require("leave-out-first", isPositive(leaveOutFirst), leaveOutFirst, "> 0");
    require(
        "leave-out-most",
        leaveOutMost.compareTo(leaveOutFirst) >= 0,
        leaveOutMost,
        ">= leave-out-first, " + leaveOutFirst);
    require(
        "max-left-out-share",
        maxLeftOutShare >= 0 && maxLeftOutShare <= 1,
        maxLeftOutShare,
        "0 to 1");
    require("consecutive-errors", consecutiveErrors >= 1, consecutiveErrors, ">= 1");
    require("slow-factor", slowFactor > 1, slowFactor, "> 1");
  }

  private static boolean isPositive(Duration time) {
    return !time.isNegative() && !time.isZero();
  }

  private static void require(String key, boolean holds, Object value, String expected) {
    if (!holds) {
      throw new IllegalArgumentException(
          "fleet.gateway.balancing." + key + ": " + value + " (expected: " + expected + ")");
    }
  }
}
