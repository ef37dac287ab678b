package io.onnxfleet.gateway.admission;

import com.netflix.concurrency.limits.limit.AbstractLimit;

/*
 * A law like that of Netflix's Gradient2, with another reference.
 *
 *   gradient = clamp(reference / latency, 0.5, 1.25)
 *   limit'   = limit * gradient + 1, half of the way at a time
 *
 * A window lasts at least as long as the requests in it: what it measures is the work of the limit
 * that holds, not of the one before.
 *
 * Gradient2 and Vegas refer to the latency without load, which assumes that latency rises only
 * because requests queue. Here it rises because they share a batch, and the throughput rises with
 * it: on an accelerator a batch of 64 may take twice the time of a single request. Vegas holds the
 * queue at a few requests and with it the batch; Gradient2 lets its reference drift after the
 * overload. LimitComparisonTest shows both.
 *
 * So the reference is what a user would call too slow: a latency that is configured, but for slow
 * models a multiple of their own latency without load.
 */
/**
 * A concurrency limit that lets latency rise up to a target, and no further. What a replica refused
 * or did not finish in time takes its own share off the limit.
 *
 * <p>INVARIANT: least <= limit <= most; it grows only while at least half of it is used.
 *
 * <p>Safe for use by many threads.
 */
final class TargetLatencyLimit extends AbstractLimit {

  private static final double STEEPEST_FALL = 0.5;
  private static final double STEEPEST_RISE = 1.25;
  private static final double SMOOTHING = 0.5;

  /** What the least latency of a lightly loaded window weighs in the latency without load. */
  private static final double BASE_WEIGHT = 0.05;

  private static final long WINDOW_NANOS = 100_000_000;
  private static final int WINDOW_SAMPLES = 10;

  private final int least;
  private final int most;
  private final long targetNanos;
  private final double baseMultiple;

  // Guarded by AbstractLimit's monitor, under which samples arrive.
  private double estimate;
  private double baseNanos = Double.MAX_VALUE;
  private boolean open;
  private long windowStart;
  private int samples;
  private int dropped;
  private double latencySum;
  private double leastLatency = Double.MAX_VALUE;
  private int mostInFlight;

  TargetLatencyLimit(LimitProperties properties) {
    super(properties.initial());
    this.least = properties.least();
    this.most = properties.most();
    this.targetNanos = properties.targetLatency().toNanos();
    this.baseMultiple = properties.baseMultiple();
    this.estimate = properties.initial();
  }

  @Override
  protected int _update(long startTime, long latency, int inFlight, boolean didDrop) {
    long now = startTime + latency;
    if (!open) {
      open = true;
      windowStart = now;
    }
    samples++;
    if (didDrop) {
      dropped++;
    } else {
      latencySum += latency;
      leastLatency = Math.min(leastLatency, (double) latency);
    }
    mostInFlight = Math.max(mostInFlight, inFlight);
    if (samples >= WINDOW_SAMPLES && now - windowStart >= Math.max(WINDOW_NANOS, latency)) {
      close();
      windowStart = now;
    }
    return (int) estimate;
  }

  private void close() {
    boolean used = mostInFlight * 2 >= estimate;
    double next = estimate * (samples - dropped) / samples;
    if (dropped < samples) {
      double latency = latencySum / (samples - dropped);
      observeBase(used);
      double reference = Math.max((double) targetNanos, baseMultiple * baseNanos);
      double gradient = Math.clamp(reference / latency, STEEPEST_FALL, STEEPEST_RISE);
      next = next * gradient + 1;
    }
    if (used || next < estimate) {
      estimate = Math.clamp(estimate + SMOOTHING * (next - estimate), least, most);
    }
    samples = 0;
    dropped = 0;
    latencySum = 0;
    leastLatency = Double.MAX_VALUE;
    mostInFlight = 0;
  }

  /** INVARIANT: load never raises the latency without load. */
  private void observeBase(boolean used) {
    if (leastLatency < baseNanos) {
      baseNanos = leastLatency;
    } else if (!used) {
      baseNanos += BASE_WEIGHT * (leastLatency - baseNanos);
    }
  }
}
