package io.onnxfleet.benchmarks.autoscaling;

import io.onnxfleet.benchmarks.balancing.VirtualTime;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.LongConsumer;

/**
 * A replica of two instances that run what is queued at once, in batches of up to eight: 4 ms a
 * batch and 36 ms a request, some 53 requests a second. Used by one thread.
 */
final class SimulatedReplica {
  private static final int INSTANCES = 2;
  private static final int MAX_BATCH = 8;
  private static final long BATCH_NANOS = 4_000_000;
  private static final long REQUEST_NANOS = 36_000_000;
  private static final double BUSY_TIME_CONSTANT = 5e9;

  /** Requests a second at full batches. */
  static final double CAPACITY =
      INSTANCES * MAX_BATCH * 1e9 / (BATCH_NANOS + (double) REQUEST_NANOS * MAX_BATCH);

  private final VirtualTime time;
  private final LongConsumer answered;
  private final Deque<Long> queue = new ArrayDeque<>();
  private int running;
  private int inFlight;
  private double busyNanos;
  private double busyShare;
  private long countedAt;

  /**
   * Idle.
   *
   * @param answered is told when each answered request had come
   */
  SimulatedReplica(VirtualTime time, LongConsumer answered) {
    this.time = time;
    this.answered = answered;
    this.countedAt = time.now();
  }

  void accept() {
    queue.add(time.now());
    inFlight++;
    startBatches();
  }

  private void startBatches() {
    while (running < INSTANCES && !queue.isEmpty()) {
      int size = Math.min(MAX_BATCH, Math.ceilDiv(queue.size(), INSTANCES - running));
      long[] batch = new long[size];
      for (int i = 0; i < size; i++) {
        batch[i] = queue.remove();
      }
      count();
      running++;
      time.after(BATCH_NANOS + REQUEST_NANOS * size, () -> end(batch));
    }
  }

  private void end(long[] batch) {
    count();
    running--;
    inFlight -= batch.length;
    for (long came : batch) {
      answered.accept(came);
    }
    startBatches();
  }

  /** Takes the time since the last change into the busy share. */
  private void count() {
    double elapsed = time.now() - countedAt;
    double share = (double) running / INSTANCES;
    double kept = Math.exp(-elapsed / BUSY_TIME_CONSTANT);
    busyShare = busyShare * kept + share * (1 - kept);
    busyNanos += elapsed * share;
    countedAt = time.now();
  }

  int inFlight() {
    return inFlight;
  }

  /** As the fleet's gauge: the mean of lately, 0 to 1. */
  double busyShare() {
    count();
    return busyShare;
  }

  /** What a container's processor time would be, in nanoseconds of one that is all busy. */
  double busyNanos() {
    count();
    return busyNanos;
  }

  /** How long the oldest waiting request has waited. */
  double queueSeconds() {
    Long oldest = queue.peek();
    return oldest == null ? 0 : (time.now() - oldest) / 1e9;
  }
}
