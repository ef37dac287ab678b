package io.onnxfleet.gateway.balancing;

import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;

/**
 * The replicas that failed a moment ago. Each is left out for a short time that doubles with every
 * failure after it came back, until it answers once.
 *
 * <p>Failures while a replica is left out do not count: a hundred requests that it drops at once
 * are one failure.
 *
 * <p>Safe for use by many threads. Bounded by the registered replicas.
 */
public final class LeftOutReplicas {

  private record Absence(long untilNanos, long nextNanos) {}

  private final Map<String, Absence> absences = new ConcurrentHashMap<>();
  private final BalancingProperties properties;
  private final LongSupplier nanoClock;

  public LeftOutReplicas(BalancingProperties properties, LongSupplier nanoClock) {
    this.properties = properties;
    this.nanoClock = nanoClock;
  }

  /** Leaves the replica out from now on. */
  public void leaveOut(String replica) {
    long now = nanoClock.getAsLong();
    absences.compute(
        replica,
        (id, last) -> {
          if (last == null) {
            return absence(now, properties.leaveOutFirst().toNanos());
          }
          return now - last.untilNanos < 0 ? last : absence(now, last.nextNanos);
        });
  }

  /** The replica answered: its next failure is a first one again. */
  public void answered(String replica) {
    if (!absences.isEmpty()) {
      absences.remove(replica);
    }
  }

  public boolean isLeftOut(String replica) {
    if (absences.isEmpty()) {
      return false;
    }
    Absence absence = absences.get(replica);
    return absence != null && nanoClock.getAsLong() - absence.untilNanos < 0;
  }

  /** How many are left out now. */
  public int count() {
    return (int) absences.keySet().stream().filter(this::isLeftOut).count();
  }

  void retain(Set<String> replicas) {
    absences.keySet().retainAll(replicas);
  }

  private Absence absence(long now, long durationNanos) {
    long most = properties.leaveOutMost().toNanos();
    return new Absence(now + durationNanos, Math.min(durationNanos * 2, most));
  }
}
