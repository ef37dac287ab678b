package io.onnxfleet.launcher.process;

import java.time.Duration;

/** A clock, and waiting by it. */
public interface Time {
  /** The machine's. */
  Time SYSTEM =
      new Time() {
        @Override
        public long nanos() {
          return System.nanoTime();
        }

        @Override
        public void sleep(Duration duration) throws InterruptedException {
          Thread.sleep(duration);
        }
      };

  /** Nanoseconds since a moment that stays the same; may be below 0. */
  long nanos();

  void sleep(Duration duration) throws InterruptedException;
}
