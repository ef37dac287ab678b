package io.onnxfleet.gateway.connection;

import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

/**
 * What a client's connection may take.
 *
 * @param maxConnections at a time; 1 or more. What is above is closed at once
 * @param headTimeout from the first byte of a request's head to its last; 1 ms or more. A slower
 *     one is answered 408
 * @param minBodyRate that a body must keep up per second, after the grace time; 0 or more. A slower
 *     one is answered 408
 * @param bodyGrace 0 or more
 * @param writeTimeout for which a client may take nothing of an answer that waits for it; 1 ms or
 *     more. Then the connection is closed
 * @param drainSize of a body whose request was refused early: so much of it is taken and thrown
 *     away, so that the client reads the refusal instead of a reset; 0 or more
 * @param drainTime for which that is done at most; 1 ms or more
 */
@ConfigurationProperties(prefix = "fleet.gateway.connections", ignoreUnknownFields = false)
public record ConnectionProperties(
    @DefaultValue("10000") int maxConnections,
    @DefaultValue("10s") Duration headTimeout,
    @DefaultValue("1KB") DataSize minBodyRate,
    @DefaultValue("10s") Duration bodyGrace,
    @DefaultValue("30s") Duration writeTimeout,
    @DefaultValue("256MB") DataSize drainSize,
    @DefaultValue("30s") Duration drainTime) {

  public ConnectionProperties {
    require(maxConnections >= 1, "max-connections", maxConnections, ">= 1");
    require(headTimeout.toMillis() >= 1, "head-timeout", headTimeout, ">= 1ms");
    require(!minBodyRate.isNegative(), "min-body-rate", minBodyRate, ">= 0B");
    require(!bodyGrace.isNegative(), "body-grace", bodyGrace, ">= 0s");
    require(writeTimeout.toMillis() >= 1, "write-timeout", writeTimeout, ">= 1ms");
    require(!drainSize.isNegative(), "drain-size", drainSize, ">= 0B");
    require(drainTime.toMillis() >= 1, "drain-time", drainTime, ">= 1ms");
  }

  private static void require(boolean holds, String key, Object value, String expected) {
    if (!holds) {
      throw new IllegalArgumentException(
          "fleet.gateway.connections." + key + ": " + value + " (expected: " + expected + ")");
    }
  }
}
