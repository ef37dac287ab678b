package io.onnxfleet.gateway.balancing;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The replicas that failed a moment ago, and their way back.
 *
 * <pre>
 * PRESENT -- failure --> ABSENT -- time over --> DUE -- heard of --> ON_PROBATION -- answers --> PRESENT
 *                          ^                                            |
 *                          +-------- failure, for twice the time -------+
 * </pre>
 *
 * <ul>
 *   <li>A replica that refuses, resets or drains is left out whatever the others do. One that errs
 *       or is slow is left out only while no more than a share of the replicas is: what all have in
 *       common is not one replica's fault.
 *   <li>Failures while a replica is left out do not count: a hundred requests that it drops at once
 *       are one failure.
 *   <li>A replica that is due gets no request before it answered a probe, and on probation few at
 *       once.
 *   <li>A replica that has started again is present.
 * </ul>
 *
 * <p>Safe for use by many threads. Bounded by the registered replicas.
 */
public final class EjectedReplicas {

  /** Where a replica stands. */
  public enum Presence {
    PRESENT,
    ABSENT,
    DUE,
    ON_PROBATION
  }

  private static final int PROBATION_ANSWERS = 3;

  /**
   * One absence and the probation that ends it.
   *
   * @param answers on probation so far, -1 before the probation
   */
  private record Absence(long sinceNanos, long untilNanos, long nextNanos, int answers) {

    Absence probation(int newAnswers) {
      return new Absence(sinceNanos, untilNanos, nextNanos, newAnswers);
    }
  }

  private final Map<String, Absence> absences = new ConcurrentHashMap<>();
  private final Map<String, AtomicInteger> errors = new ConcurrentHashMap<>();
  private final BalancingProperties properties;
  private final LongSupplier nanoClock;
  private volatile Map<String, String> processes = Map.of();

  public EjectedReplicas(BalancingProperties properties, LongSupplier nanoClock) {
    this.properties = properties;
    this.nanoClock = nanoClock;
  }

  /** Leaves the replica out from now on. */
  public void eject(String replica) {
    long now = nanoClock.getAsLong();
    absences.compute(replica, (id, last) -> next(last, now));
  }

  /**
   * Leaves the replica out from now on, unless too many are already.
   *
   * @param among how many replicas could be asked instead of it, itself included
   * @return whether it is left out
   */
  public boolean ejectUnlessTooMany(String replica, int among) {
    Presence presence = presence(replica);
    if (presence == Presence.PRESENT && absences.size() + 1 > mostLeftOut(among)) {
      return false;
    }
    eject(replica);
    return true;
  }

  /**
   * The replica answered with an error of its own. Enough of them in a row leave it out.
   *
   * @param among as in {@link #ejectUnlessTooMany}
   */
  public void erred(String replica, int among) {
    int inARow = errors.computeIfAbsent(replica, id -> new AtomicInteger()).incrementAndGet();
    if (inARow >= properties.consecutiveErrors() || presence(replica) == Presence.ON_PROBATION) {
      errors.remove(replica);
      ejectUnlessTooMany(replica, among);
    }
  }

  /**
   * The replica answered a request well.
   *
   * @param sentNanos when the request was sent: what was sent before a failure says nothing
   */
  public void answered(String replica, long sentNanos) {
    if (!errors.isEmpty()) {
      errors.remove(replica);
    }
    if (!absences.isEmpty()) {
      absences.computeIfPresent(
          replica,
          (id, absence) -> {
            if (sentNanos - absence.sinceNanos < 0) {
              return absence;
            }
            int answers = Math.max(absence.answers, 0) + 1;
            return answers >= PROBATION_ANSWERS ? null : absence.probation(answers);
          });
    }
  }

  /** The replica answered a probe: if it is due, its probation begins. */
  public void heardOf(String replica) {
    long now = nanoClock.getAsLong();
    absences.computeIfPresent(
        replica,
        (id, absence) -> presence(absence, now) == Presence.DUE ? absence.probation(0) : absence);
  }

  public Presence presence(String replica) {
    return absences.isEmpty()
        ? Presence.PRESENT
        : presence(absences.get(replica), nanoClock.getAsLong());
  }

  /** How many requests a replica on probation may have under way. */
  int allowedOnProbation(String replica) {
    Absence absence = absences.get(replica);
    return absence == null ? Integer.MAX_VALUE : Math.max(absence.answers, 0) + 1;
  }

  public boolean isEjected(String replica) {
    return switch (presence(replica)) {
      case ABSENT, DUE -> true;
      case PRESENT, ON_PROBATION -> false;
    };
  }

  /** How many are left out now. */
  public int count() {
    return (int) absences.keySet().stream().filter(this::isEjected).count();
  }

  /**
   * The fleet changed. What a process did is not held against the one that runs in its place.
   *
   * @param present the process of each replica, by id
   */
  void update(Map<String, String> present) {
    Map<String, String> before = processes;
    processes = Map.copyOf(present);
    Predicate<String> isGone =
        id ->
            !present.containsKey(id)
                || !present.get(id).equals(before.getOrDefault(id, present.get(id)));
    absences.keySet().removeIf(isGone);
    errors.keySet().removeIf(isGone);
  }

  private int mostLeftOut(int among) {
    int share = (int) (among * properties.maxLeftOutShare());
    return among >= 2 && properties.maxLeftOutShare() > 0 ? Math.max(1, share) : 0;
  }

  private Absence next(@Nullable Absence last, long now) {
    if (last == null) {
      return absence(now, properties.leaveOutFirst().toNanos());
    }
    return presence(last, now) == Presence.ABSENT ? last : absence(now, last.nextNanos);
  }

  private Absence absence(long now, long durationNanos) {
    long most = properties.leaveOutMost().toNanos();
    return new Absence(now, now + durationNanos, Math.min(durationNanos * 2, most), -1);
  }

  private static Presence presence(@Nullable Absence absence, long now) {
    if (absence == null) {
      return Presence.PRESENT;
    }
    if (absence.answers >= 0) {
      return Presence.ON_PROBATION;
    }
    return now - absence.untilNanos < 0 ? Presence.ABSENT : Presence.DUE;
  }
}
