package io.onnxfleet.engine.instance;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.onnxfleet.engine.proof.SentinelOptions;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.SequencedSet;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * What the sentinels of all versions keep until they find time. Never more than so many bytes and
 * {@value #MOST_SAMPLES} samples; the oldest go first. Thread-safe.
 */
public final class SentinelSamples {
  private static final int MOST_SAMPLES = 256;

  private final SentinelOptions options;
  private final LongSupplier cpuNanos;

  @GuardedBy("this")
  private final SequencedSet<SentinelSample> samples = new LinkedHashSet<>();

  @GuardedBy("this")
  private long bytes;

  /**
   * Keeps nothing yet.
   *
   * @param cpuNanos the CPU time of the calling thread
   */
  public SentinelSamples(SentinelOptions options, LongSupplier cpuNanos) {
    this.options = options;
    this.cpuNanos = cpuNanos;
  }

  /** The CPU time of the calling thread. */
  public long cpuNanos() {
    return cpuNanos.getAsLong();
  }

  SentinelOptions options() {
    return options;
  }

  /** Keeps a sample; one that is too large by itself is not. */
  void add(SentinelSample sample) {
    List<SentinelSample> gone = new ArrayList<>();
    synchronized (this) {
      long size = sample.bytes();
      if (size > options.maxKeptBytes()) {
        gone.add(sample);
      } else {
        while (bytes + size > options.maxKeptBytes() || samples.size() >= MOST_SAMPLES) {
          SentinelSample oldest = samples.removeFirst();
          bytes -= oldest.bytes();
          gone.add(oldest);
        }
        samples.add(sample);
        bytes += size;
      }
    }
    gone.forEach(lost -> lost.owner().lost(lost));
  }

  /** The sample of a sentinel that is its turn; it stays. Null if it has none. */
  synchronized @Nullable SentinelSample first(Sentinel owner) {
    SentinelSample first = null;
    for (SentinelSample sample : samples) {
      if (isOf(owner, sample)) {
        first = first == null || sample.goesBefore(first) ? sample : first;
      }
    }
    return first;
  }

  /** False if it is no longer here. */
  synchronized boolean remove(SentinelSample sample) {
    boolean removed = samples.remove(sample);
    if (removed) {
      bytes -= sample.bytes();
    }
    return removed;
  }

  synchronized void removeAll(Sentinel owner) {
    Iterator<SentinelSample> each = samples.iterator();
    while (each.hasNext()) {
      SentinelSample sample = each.next();
      if (isOf(owner, sample)) {
        each.remove();
        bytes -= sample.bytes();
      }
    }
  }

  synchronized long bytes() {
    return bytes;
  }

  @SuppressWarnings("ReferenceEquality") // a sentinel is its version's, and equal to no other
  private static boolean isOf(Sentinel owner, SentinelSample sample) {
    return sample.owner() == owner;
  }
}
