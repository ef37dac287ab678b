package io.onnxfleet.gateway.load;

import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * How many requests this gateway has under way at each replica.
 *
 * <p>INVARIANT: a replica's count is the number of its leases that are not closed.
 *
 * <p>Safe for use by many threads. Bounded by the replicas that are registered or have a lease.
 */
public final class InFlightRequests {

  private final Map<String, AtomicInteger> counts = new ConcurrentHashMap<>();

  /** Counts one request at the replica until the lease is closed. */
  public Lease begin(String replica) {
    AtomicInteger count =
        counts.compute(
            replica,
            (id, present) -> {
              AtomicInteger counter = present == null ? new AtomicInteger() : present;
              counter.incrementAndGet();
              return counter;
            });
    return new Lease(count);
  }

  public int count(String replica) {
    AtomicInteger count = counts.get(replica);
    return count == null ? 0 : count.get();
  }

  /** Forgets the replicas that are gone and have nothing under way. */
  public void retain(Set<String> replicas) {
    for (String id : counts.keySet()) {
      if (!replicas.contains(id)) {
        counts.computeIfPresent(id, (key, count) -> count.get() == 0 ? null : count);
      }
    }
  }

  /** The replicas that are counted. */
  Set<String> replicas() {
    return Set.copyOf(counts.keySet());
  }

  /** One request under way. Closing it again changes nothing. */
  public static final class Lease implements AutoCloseable {

    private final AtomicInteger count;
    private final AtomicBoolean closed = new AtomicBoolean();

    private Lease(AtomicInteger count) {
      this.count = count;
    }

    @Override
    public void close() {
      if (closed.compareAndSet(false, true)) {
        count.decrementAndGet();
      }
    }
  }
}
