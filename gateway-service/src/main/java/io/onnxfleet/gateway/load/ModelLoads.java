package io.onnxfleet.gateway.load;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.time.Duration;
import java.util.Collection;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/**
 * The load by one model, replica by replica, and what is usual for it. Safe for use by many
 * threads. Bounded by the replicas of the fleet.
 */
public final class ModelLoads {

  private static final int POOL = 16;
  private static final double USUAL = 0.02;
  private static final Duration LATENCY_WINDOW = Duration.ofSeconds(5);

  private final Map<String, ReplicaLoad> replicas = new ConcurrentHashMap<>();
  private final AtomicReferenceArray<@Nullable ReplicaLoad> pool = new AtomicReferenceArray<>(POOL);
  private final AtomicInteger nextInPool = new AtomicInteger();
  private final LatencyQuantiles latencies;
  private final long reportAgeNanos;
  private final int reportUses;
  private volatile double perPlaceNanos;
  private volatile double othersInFlight;

  @GuardedBy("this")
  private long samples;

  ModelLoads(Duration reportAge, int reportUses, long now) {
    this.reportAgeNanos = reportAge.toNanos();
    this.reportUses = reportUses;
    this.latencies = new LatencyQuantiles(LATENCY_WINDOW, now);
  }

  /** The replica's load. */
  public ReplicaLoad of(String replica, long now) {
    ReplicaLoad known = replicas.get(replica);
    return known != null
        ? known
        : replicas.computeIfAbsent(replica, id -> new ReplicaLoad(id, this, now));
  }

  /** The latency that this share of the answers stayed below of late; 0 if too few came. */
  public long quantileNanos(double share) {
    return latencies.quantile(share);
  }

  /**
   * What an answer usually takes for each request that is at its replica, over all replicas; 0
   * while none came. The geometric mean, since latencies are spread by ratios: one answer that
   * takes a thousand times as long must not say for long what is usual.
   */
  public double perPlaceNanos() {
    return perPlaceNanos;
  }

  public long reportAgeNanos() {
    return reportAgeNanos;
  }

  int reportUses() {
    return reportUses;
  }

  Collection<ReplicaLoad> all() {
    return replicas.values();
  }

  /** How many may be in the pool. */
  public int poolSize() {
    return POOL;
  }

  /** One of the replicas that reported last. */
  public @Nullable ReplicaLoad pooled(int place) {
    return pool.get(place);
  }

  /** What other gateways have under way at a replica, on average of the last reports. */
  int othersInFlight() {
    return (int) Math.round(othersInFlight);
  }

  /** The replica reported; of what it has in flight, so many requests are not of this gateway. */
  void reported(ReplicaLoad load, int others) {
    synchronized (this) {
      double before = othersInFlight;
      othersInFlight = before + (Math.max(0, others) - before) * USUAL;
    }
    addToPool(load);
  }

  private void addToPool(ReplicaLoad load) {
    for (int i = 0; i < POOL; i++) {
      if (pool.get(i) == load) {
        return;
      }
    }
    pool.set(Math.floorMod(nextInPool.getAndIncrement(), POOL), load);
  }

  synchronized void observe(double perPlace) {
    samples++;
    double sample = Math.max(1, perPlace);
    perPlaceNanos =
        samples == 1
            ? sample
            : perPlaceNanos * Math.pow(sample / perPlaceNanos, Math.max(USUAL, 1.0 / samples));
  }

  void answered(long nanos, long now) {
    latencies.record(nanos, now);
  }

  void retain(Set<String> present) {
    replicas
        .values()
        .removeIf(load -> !present.contains(load.replica()) && load.ownInFlight() == 0);
  }
}
