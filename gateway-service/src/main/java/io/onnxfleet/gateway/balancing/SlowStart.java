package io.onnxfleet.gateway.balancing;

import io.onnxfleet.gateway.fleet.Fleet;
import io.onnxfleet.gateway.fleet.Replica;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.function.IntUnaryOperator;
import java.util.function.LongSupplier;

/**
 * Lets a new replica's share of the requests grow over some time, instead of sending it at once all
 * that its empty queue seems to invite. It is a candidate with a chance that rises evenly from a
 * tenth to one. A replica that has started again is new. Replicas of the first fleet that has any
 * are not new: there is nobody to compare them with.
 *
 * <p>{@link #mayServe} is safe for use by many threads; {@link #update} is called by one.
 */
final class SlowStart {

  private static final int STEPS = 1000;
  private static final double LEAST = 0.1;

  private final long timeNanos;
  private final LongSupplier nanoClock;
  private final IntUnaryOperator random;

  /** By process. */
  private volatile Map<String, Long> joined = Map.of();

  /** By id. */
  private volatile Map<String, Long> young = Map.of();

  SlowStart(Duration time, LongSupplier nanoClock, IntUnaryOperator random) {
    this.timeNanos = time.toNanos();
    this.nanoClock = nanoClock;
    this.random = random;
  }

  /** The fleet changed. */
  void update(Fleet fleet) {
    long now = nanoClock.getAsLong();
    boolean first = joined.isEmpty();
    Map<String, Long> present = new HashMap<>();
    Map<String, Long> recent = new HashMap<>();
    for (Replica replica : fleet.registered()) {
      Long since = joined.get(replica.process());
      long started = since != null ? since : first ? now - timeNanos : now;
      present.put(replica.process(), started);
      if (now - started < timeNanos) {
        recent.put(replica.id(), started);
      }
    }
    for (Replica replica : fleet.vanished()) {
      present.put(replica.process(), joined.getOrDefault(replica.process(), now));
    }
    young = Map.copyOf(recent);
    joined = Map.copyOf(present);
  }

  /** Whether the replica is a candidate this time. */
  boolean mayServe(String replica) {
    Map<String, Long> now = young;
    if (now.isEmpty()) {
      return true;
    }
    Long since = now.get(replica);
    if (since == null) {
      return true;
    }
    double age = (double) (nanoClock.getAsLong() - since) / timeNanos;
    return age >= 1 || random.applyAsInt(STEPS) < Math.max(LEAST, age) * STEPS;
  }
}
