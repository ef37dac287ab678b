package io.onnxfleet.gateway.forwarding;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/**
 * How much more than the callers asked for may be asked of the replicas: a token bucket for each
 * model. A request puts in a share of a token; a further try that costs a replica work takes a
 * whole one. A full bucket covers the moment in which a replica dies with its requests; in the long
 * run the share is the most that retries and hedges add to the load, so that they cannot turn a
 * crowd into a collapse.
 *
 * <p>Safe for use by many threads; never blocks. Bounded by the names of models that the fleet ever
 * had.
 */
final class RetryBudget {

  private static final long TOKEN = 1_000_000;

  private final long share;
  private final long most;
  private final Map<String, AtomicLong> buckets = new ConcurrentHashMap<>();

  /**
   * Full buckets.
   *
   * @param share of a token that a request puts in
   * @param burst tokens in a full bucket
   */
  RetryBudget(double share, int burst) {
    this.share = (long) (share * TOKEN);
    this.most = burst * TOKEN;
  }

  /** A request of a caller's begins. */
  void requestBegan(String model) {
    AtomicLong bucket = bucket(model);
    if (bucket.get() < most) {
      bucket.accumulateAndGet(share, (now, more) -> Math.min(most, now + more));
    }
  }

  /** Takes a token for one more try, if there is one. */
  boolean tryTake(String model) {
    AtomicLong bucket = bucket(model);
    for (long now = bucket.get(); now >= TOKEN; now = bucket.get()) {
      if (bucket.compareAndSet(now, now - TOKEN)) {
        return true;
      }
    }
    return false;
  }

  private AtomicLong bucket(String model) {
    AtomicLong known = buckets.get(model);
    return known != null ? known : buckets.computeIfAbsent(model, name -> new AtomicLong(most));
  }
}
