package io.onnxfleet.gateway.forwarding;

import io.onnxfleet.gateway.load.ModelLoads;
import io.onnxfleet.gateway.routing.RoutingProperties;
import java.time.Duration;
import java.util.List;

/**
 * How long a try at a replica is waited for before another one begins beside it.
 *
 * <p>There are two reasons to begin one. A <em>hedge</em> (J. Dean, L. A. Barroso, "The Tail at
 * Scale", 2013) is asked for by configuration, after the latency that 95 % of answers stay below. A
 * replica that is <em>stuck</em> (paused, unplugged, swapping) accepts connections and says
 * nothing: after several times the latency that 99 % stay below, or half of what is left of the
 * deadline, whichever comes first, it is no longer waited for alone.
 *
 * <p>Stateless.
 */
final class HedgingDelay {

  private static final double HEDGE_QUANTILE = 0.95;
  private static final double STUCK_QUANTILE = 0.99;
  private static final String ALL = "*";

  /** While too little is known of a model's latency. */
  private static final long STUCK_UNKNOWN_NANOS = Duration.ofSeconds(5).toNanos();

  private final List<String> hedgedModels;
  private final double stuckFactor;
  private final long stuckLeastNanos;

  HedgingDelay(RoutingProperties properties) {
    this.hedgedModels = properties.hedgedModels();
    this.stuckFactor = properties.stuckFactor();
    this.stuckLeastNanos = properties.stuckAtLeast().toNanos();
  }

  /**
   * How long until a second try.
   *
   * @param remaining what is left of the deadline
   */
  long beforeAnother(String model, ModelLoads loads, Duration remaining) {
    long stuck = beforeStuck(loads);
    long tail = loads.quantileNanos(STUCK_QUANTILE);
    long atHalfTime = Math.max(remaining.toNanos() / 2, 2 * tail);
    long another = Math.min(stuck, atHalfTime);
    long hedge = isHedged(model) ? loads.quantileNanos(HEDGE_QUANTILE) : 0;
    return hedge > 0 ? Math.min(another, hedge) : another;
  }

  /** How long until a replica that says nothing at all counts as stuck. */
  long beforeStuck(ModelLoads loads) {
    long tail = loads.quantileNanos(STUCK_QUANTILE);
    return tail == 0
        ? Math.max(STUCK_UNKNOWN_NANOS, stuckLeastNanos)
        : Math.max((long) (tail * stuckFactor), stuckLeastNanos);
  }

  private boolean isHedged(String model) {
    return !hedgedModels.isEmpty() && (hedgedModels.contains(model) || hedgedModels.contains(ALL));
  }
}
