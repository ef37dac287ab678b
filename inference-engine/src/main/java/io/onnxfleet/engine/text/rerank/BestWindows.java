package io.onnxfleet.engine.text.rerank;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.Arrays;

/** The best value so far of each text's windows. Thread-safe. */
final class BestWindows {
  @GuardedBy("this")
  private final double[] best;

  /**
   * No window was seen.
   *
   * @param least what a text has of which no window says anything
   */
  BestWindows(int texts, double least) {
    best = new double[texts];
    Arrays.fill(best, least);
  }

  synchronized void add(int text, double value) {
    best[text] = Math.max(best[text], value);
  }

  /** The best of each text. */
  synchronized double[] values() {
    return best.clone();
  }
}
