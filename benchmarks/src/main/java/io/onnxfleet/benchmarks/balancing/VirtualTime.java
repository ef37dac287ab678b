package io.onnxfleet.benchmarks.balancing;

import java.util.Comparator;
import java.util.PriorityQueue;

/** A clock that jumps from event to event. Used by one thread. */
public final class VirtualTime {
  private record Event(long atNanos, long number, Runnable action) {}

  private final PriorityQueue<Event> events =
      new PriorityQueue<>(
          Comparator.comparingLong(Event::atNanos).thenComparingLong(Event::number));
  private long now;
  private long scheduled;

  /** The moment that the running event was scheduled for. */
  public long now() {
    return now;
  }

  /** Schedules an event; of two at the same moment the one scheduled first runs first. */
  public void after(long nanos, Runnable action) {
    events.add(new Event(now + nanos, scheduled++, action));
  }

  /** Runs events until there are none up to that moment. */
  public void runUntil(long nanos) {
    while (!events.isEmpty() && events.peek().atNanos <= nanos) {
      Event next = events.remove();
      now = next.atNanos;
      next.action.run();
    }
    now = nanos;
  }
}
