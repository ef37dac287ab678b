package io.onnxfleet.engine.batching;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The order in which the callers of one priority level are served: each backlogged caller gets an
 * equal share of what is executed, so that a flood from one delays the others by little. The
 * entries of one caller keep their order. An operation costs O(1), but for {@link #largest}; only
 * callers with something in the queue are remembered. Not thread-safe.
 */
final class CallerShares<T extends BatchItem> {
  /*
   * Start-time fair queueing (P. Goyal, H. Vin, H. Cheng, "Start-time Fair Queuing: A Scheduling
   * Algorithm for Integrated Services Packet Switching Networks", 1996), all weights equal:
   *
   *   start(entry) = max(virtual time, finish(the caller's entry before))
   *   finish(entry) = start(entry) + cost(entry)
   *
   * Entries are served by ascending start, and the virtual time is the highest start that was
   * served. A caller who comes to a backlog starts at the virtual time, ahead of what a flood has
   * put far into the future. A caller with nothing queued is forgotten, which gives it at most the
   * cost of its last entry.
   */
  private static final class Caller<T extends BatchItem> {
    final String name;
    int items;
    long rows;
    long finish;
    @Nullable QueueEntry<T> newest;

    Caller(String name) {
      this.name = name;
    }
  }

  private final Map<String, Caller<T>> callers = new HashMap<>();
  private long virtualTime;

  /** Takes an entry in, behind its caller's others, and gives it its rank. */
  void add(QueueEntry<T> entry) {
    Caller<T> caller = callers.computeIfAbsent(entry.caller, Caller::new);
    entry.rank = Math.max(virtualTime, caller.finish);
    caller.finish = entry.rank + entry.cost();
    caller.items++;
    caller.rows += entry.rows;
    QueueEntry<T> newest = caller.newest;
    entry.previous = newest;
    if (newest != null) {
      newest.next = entry;
    }
    caller.newest = entry;
  }

  void remove(QueueEntry<T> entry) {
    Caller<T> caller = callers.get(entry.caller);
    if (caller == null) {
      throw new IllegalStateException("an entry without its caller");
    }
    QueueEntry<T> previous = entry.previous;
    QueueEntry<T> next = entry.next;
    if (previous != null) {
      previous.next = next;
    }
    if (next == null) {
      caller.newest = previous;
    } else {
      next.previous = previous;
    }
    entry.previous = null;
    entry.next = null;
    caller.items--;
    caller.rows -= entry.rows;
    if (caller.items == 0) {
      callers.remove(entry.caller);
    }
  }

  /** An entry goes into a batch. */
  void served(QueueEntry<T> entry) {
    virtualTime = Math.max(virtualTime, entry.rank);
  }

  /** Callers with something in the queue. */
  int count() {
    return callers.size();
  }

  int itemsOf(String name) {
    Caller<T> caller = callers.get(name);
    return caller == null ? 0 : caller.items;
  }

  long rowsOf(String name) {
    Caller<T> caller = callers.get(name);
    return caller == null ? 0 : caller.rows;
  }

  /** The name of the caller with most items, if it has at least that many. */
  @Nullable String largest(int atLeast) {
    Caller<T> largest = null;
    for (Caller<T> caller : callers.values()) {
      if (caller.items >= (largest == null ? atLeast : largest.items + 1)) {
        largest = caller;
      }
    }
    return largest == null ? null : largest.name;
  }

  /** The last entry of that caller, which must have one. */
  QueueEntry<T> newestOf(String name) {
    Caller<T> caller = callers.get(name);
    if (caller == null || caller.newest == null) {
      throw new IllegalStateException("caller '" + name + "' has nothing queued");
    }
    return caller.newest;
  }
}
