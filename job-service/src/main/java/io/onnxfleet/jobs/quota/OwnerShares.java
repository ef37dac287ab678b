package io.onnxfleet.jobs.quota;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.HashMap;
import java.util.Map;

/**
 * Places that owners share: each may have as many as are free, so that one has half of them, two
 * have three quarters, and who has none finds one as long as there is one. (A. Choudhury, E. Hahne,
 * "Dynamic queue length thresholds".) Never blocks. Thread-safe.
 */
public final class OwnerShares {
  private final int places;

  @GuardedBy("this")
  private final Map<String, Integer> taken = new HashMap<>();

  @GuardedBy("this")
  private int all;

  /** Nobody has one yet. */
  public OwnerShares(int places) {
    this.places = places;
  }

  /** Takes a place, which is to be left; false if the owner has enough. */
  public synchronized boolean enter(String owner) {
    int own = taken.getOrDefault(owner, 0);
    int free = places - all;
    if (free <= 0 || (own > 0 && own >= free)) {
      return false;
    }
    taken.put(owner, own + 1);
    all++;
    return true;
  }

  public synchronized void leave(String owner) {
    taken.computeIfPresent(owner, (name, count) -> count == 1 ? null : count - 1);
    all--;
  }
}
