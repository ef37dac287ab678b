package io.onnxfleet.gateway.routing;

import java.time.Duration;
import java.util.List;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

/**
 * How requests travel to replicas.
 *
 * @param deadline for a whole request without an {@code Inference-Deadline-Ms} header, and the most
 *     that such a header can ask for; more than 0
 * @param maxTries replicas asked for one request, the first included; 1 or more
 * @param retryBackoff pause before the third try, doubled for each further one; the second is at
 *     once; 0 or more
 * @param retryShare further tries that cost work, for each request; 0 to 1
 * @param retryBurst further tries that may come at once, when a replica dies; 0 or more
 * @param hedgedModels models whose requests go to a second replica after the time that 95 % of
 *     answers take, the slower answer cancelled; {@code *} for all
 * @param stuckFactor how many times the latency that 99 % of answers stay below a silent replica is
 *     waited for before another is asked too; 1 or more
 * @param stuckAtLeast the least of that time; at least 1 ms
 * @param replayLimit bodies up to this size are kept, so that they can be sent to another replica;
 *     0 or more
 * @param connectTimeout for a connection to a replica; at least 1 ms
 * @param maxConnections to one replica; 1 or more
 * @param maxPendingAcquires requests that may wait for a connection to one replica; 1 or more
 * @param maxIdleTime after which an unused connection is closed; shorter than the replica's own
 *     keep-alive timeout, or requests meet connections that are being closed
 * @param maxLifeTime after which a connection is not used again; more than 0
 * @param direct whether calls of the API go straight to the gateway's own filters as long as there
 *     are no others; see {@code DirectPath}
 */
@ConfigurationProperties(prefix = "fleet.gateway.routing", ignoreUnknownFields = false)
public record RoutingProperties(
    @DefaultValue("60s") Duration deadline,
    @DefaultValue("5") int maxTries,
    @DefaultValue("25ms") Duration retryBackoff,
    @DefaultValue("0.1") double retryShare,
    @DefaultValue("100") int retryBurst,
    @DefaultValue List<String> hedgedModels,
    @DefaultValue("4") double stuckFactor,
    @DefaultValue("250ms") Duration stuckAtLeast,
    @DefaultValue("1MB") DataSize replayLimit,
    @DefaultValue("1s") Duration connectTimeout,
    @DefaultValue("1000") int maxConnections,
    @DefaultValue("2000") int maxPendingAcquires,
    @DefaultValue("10s") Duration maxIdleTime,
    @DefaultValue("10m") Duration maxLifeTime,
    @DefaultValue("true") boolean direct) {

  public RoutingProperties {
    requireAtLeast("deadline", deadline.toMillis(), 1, deadline);
    requireAtLeast("max-tries", maxTries, 1, maxTries);
    requireAtLeast("retry-backoff", retryBackoff.toMillis(), 0, retryBackoff);
    if (!(retryShare >= 0 && retryShare <= 1)) {
      throw new IllegalArgumentException(
          "fleet.gateway.routing.retry-share: " + retryShare + " (expected: 0 to 1)");
    }
    requireAtLeast("retry-burst", retryBurst, 0, retryBurst);
    hedgedModels = List.copyOf(hedgedModels);
    requireAtLeast("stuck-factor", (long) stuckFactor, 1, stuckFactor);
    requireAtLeast("stuck-at-least", stuckAtLeast.toMillis(), 1, stuckAtLeast);
    requireAtLeast("replay-limit", replayLimit.toBytes(), 0, replayLimit);
    requireAtLeast("connect-timeout", connectTimeout.toMillis(), 1, connectTimeout);
    requireAtLeast("max-connections", maxConnections, 1, maxConnections);
    requireAtLeast("max-pending-acquires", maxPendingAcquires, 1, maxPendingAcquires);
    requireAtLeast("max-idle-time", maxIdleTime.toMillis(), 1, maxIdleTime);
    requireAtLeast("max-life-time", maxLifeTime.toMillis(), 1, maxLifeTime);
  }

  private static void requireAtLeast(String key, long value, long least, Object shown) {
    if (value < least) {
      throw new IllegalArgumentException(
          "fleet.gateway.routing." + key + ": " + shown + " (expected: >= " + least + ")");
    }
  }
}
