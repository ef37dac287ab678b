package io.onnxfleet.inference.load;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.DoubleSupplier;
import java.util.function.LongSupplier;

/**
 * The share of the processors that this process uses, read anew at most twice a second: the reading
 * itself takes system calls. Thread-safe.
 */
final class ProcessorShare implements DoubleSupplier {
  private static final long INTERVAL = Duration.ofMillis(500).toNanos();

  private final DoubleSupplier reading;
  private final LongSupplier nanoClock;
  private final AtomicLong readAt;
  private volatile double last;

  ProcessorShare(DoubleSupplier reading, LongSupplier nanoClock) {
    this.reading = reading;
    this.nanoClock = nanoClock;
    this.readAt = new AtomicLong(nanoClock.getAsLong() - INTERVAL);
  }

  @Override
  public double getAsDouble() {
    long before = readAt.get();
    long now = nanoClock.getAsLong();
    if (now - before >= INTERVAL && readAt.compareAndSet(before, now)) {
      // Negative where the platform does not know.
      last = Math.max(0, reading.getAsDouble());
    }
    return last;
  }
}
