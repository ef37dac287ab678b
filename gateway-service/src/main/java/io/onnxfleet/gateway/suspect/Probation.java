package io.onnxfleet.gateway.suspect;

import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Requests were under way where processes died, and none like them was answered since. Immutable.
 *
 * @param sinceNanos the last such death
 * @param dead the processes, at most {@value #MOST_DEAD}
 * @param size the least of the bodies that were under way
 * @param isEncoded whether the bodies were compressed
 * @param present the processes that were there at the last death: a later one is asked before them
 */
record Probation(
    long sinceNanos, Set<String> dead, long size, boolean isEncoded, Set<String> present) {

  static final int MOST_DEAD = 16;
  private static final Duration FIRST_PAUSE = Duration.ofSeconds(30);
  private static final int MOST_DOUBLINGS = 7;

  Probation {
    dead = Set.copyOf(dead);
  }

  /** The same after one more death, or as it is if that one counted already. */
  static Probation after(
      @Nullable Probation before,
      String process,
      RunRequest request,
      Set<String> present,
      long now) {
    if (before == null) {
      return new Probation(now, Set.of(process), request.size(), request.isEncoded(), present);
    }
    boolean comparable = before.isEncoded == request.isEncoded();
    long size = comparable ? Math.min(before.size, request.size()) : before.size;
    if (before.dead.contains(process) || before.dead.size() == MOST_DEAD) {
      return new Probation(before.sinceNanos, before.dead, size, before.isEncoded, before.present);
    }
    Set<String> dead = new LinkedHashSet<>(before.dead);
    dead.add(process);
    return new Probation(now, dead, size, before.isEncoded, present);
  }

  int deaths() {
    return dead.size();
  }

  /** Nanoseconds until a process that was there at the last death may be asked. */
  long remainingNanos(long now) {
    long pause = FIRST_PAUSE.toNanos() << Math.min(deaths() - 1, MOST_DOUBLINGS);
    return Math.max(0, pause - (now - sinceNanos));
  }

  /** Whether that process came after the last death. */
  boolean precedes(String process) {
    return !present.contains(process);
  }

  /** Whether what died was all there was, so that what came after it is all there is. */
  boolean wasAlone() {
    return present.size() <= 1;
  }

  /** Whether an answer to the request says that what died did not die of its like. */
  boolean isEndedBy(RunRequest request) {
    return request.isEncoded() == isEncoded && request.size() >= size;
  }
}
