package io.onnxfleet.gateway.rollout;

import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

/**
 * What is rolled out from the start, and when a candidate is taken back.
 *
 * @param plans what is rolled out from the start, at most one for a model: {@code model}, {@code
 *     stable}, {@code candidate}, {@code weight} and {@code shadow} of each
 * @param window over which outcomes count; what is older counts half, and so on; 1 s or more
 * @param minRequests that each side must have answered before they are compared; 1 or more
 * @param maxErrorIncrease of the share of failed requests, candidate over stable; 0 to 1
 * @param maxLatencyFactor of the latency that 95 % of answers stay below, candidate over stable; 1
 *     or more
 * @param shadowsAtOnce requests given to candidates beside callers' own; 1 or more. What is above
 *     is not compared
 * @param shadowAnswer the largest answer that is compared; 1 byte to 2 GiB
 * @param tolerance the difference of two outputs' numbers, of the largest of them, up to which they
 *     count as the same; 0 or more
 */
@ConfigurationProperties(prefix = "fleet.gateway.rollout", ignoreUnknownFields = false)
public record RolloutProperties(
    @DefaultValue List<RolloutPlan> plans,
    @DefaultValue("1m") Duration window,
    @DefaultValue("50") int minRequests,
    @DefaultValue("0.02") double maxErrorIncrease,
    @DefaultValue("1.5") double maxLatencyFactor,
    @DefaultValue("16") int shadowsAtOnce,
    @DefaultValue("1MB") DataSize shadowAnswer,
    @DefaultValue("0.001") double tolerance) {

  public RolloutProperties {
    plans = List.copyOf(plans);
    Set<String> models = new HashSet<>();
    for (RolloutPlan plan : plans) {
      require(models.add(plan.model()), "plans", plan.model(), "one plan for a model");
    }
    require(window.toMillis() >= 1000, "window", window, ">= 1s");
    require(minRequests >= 1, "min-requests", minRequests, ">= 1");
    require(
        maxErrorIncrease >= 0 && maxErrorIncrease <= 1,
        "max-error-increase",
        maxErrorIncrease,
        "0 to 1");
    require(maxLatencyFactor >= 1, "max-latency-factor", maxLatencyFactor, ">= 1");
    require(shadowsAtOnce >= 1, "shadows-at-once", shadowsAtOnce, ">= 1");
    require(
        shadowAnswer.toBytes() >= 1 && shadowAnswer.toBytes() <= Integer.MAX_VALUE,
        "shadow-answer",
        shadowAnswer,
        "1B to 2047MB");
    require(tolerance >= 0, "tolerance", tolerance, ">= 0");
  }

  private static void require(boolean holds, String key, Object value, String expected) {
    if (!holds) {
      throw new IllegalArgumentException(
          "fleet.gateway.rollout." + key + ": " + value + " (expected: " + expected + ")");
    }
  }
}
