package io.onnxfleet.launcher.process;

import java.io.IOException;
import java.time.Duration;

/**
 * Waits until something is so, by looking again and again.
 *
 * @param limit after which it is given up
 * @param poll between two looks
 * @param hint where to look if it does not come, or nothing
 */
public record Await(Time time, Duration limit, Duration poll, String hint) {
  /** Something that may ask processes. What it throws ends the wait. */
  public interface Condition {
    boolean holds() throws IOException, InterruptedException;
  }

  /** By the machine's clock. */
  public Await(Duration limit, Duration poll) {
    this(Time.SYSTEM, limit, poll, "");
  }

  /**
   * Looks at least once.
   *
   * @param what is waited for, for the message if it does not come
   */
  public void until(String what, Condition condition) throws IOException, InterruptedException {
    long end = time.nanos() + limit.toNanos();
    while (!condition.holds()) {
      if (time.nanos() - end >= 0) {
        throw new IOException(
            "%s: not so after %d s%s"
                .formatted(what, limit.toSeconds(), hint.isEmpty() ? "" : " (" + hint + ")"));
      }
      time.sleep(poll);
    }
  }
}
