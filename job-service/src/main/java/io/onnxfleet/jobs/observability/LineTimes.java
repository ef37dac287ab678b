package io.onnxfleet.jobs.observability;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.time.Duration;
import org.springframework.stereotype.Component;

/** How long the gateway takes for a line that it answers: a mean that forgets. Thread-safe. */
@Component
public final class LineTimes {
  private static final double STEP = 1.0 / 64;
  private static final double NANOS_OF_A_SECOND = 1e9;

  /** Before anything is known. */
  private static final double FIRST_SECONDS = 0.1;

  @GuardedBy("this")
  private double mean = FIRST_SECONDS;

  @GuardedBy("this")
  private long count;

  /** One was answered, after that time. */
  public synchronized void took(Duration time) {
    count++;
    mean += Math.max(STEP, 1.0 / count) * (time.toNanos() / NANOS_OF_A_SECOND - mean);
  }

  synchronized double meanSeconds() {
    return mean;
  }
}
