package io.onnxfleet.benchmarks.load;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;

/**
 * One point of load, measured in windows of equal length.
 *
 * @param window what counts, as one window
 * @param windows how many were measured
 * @param isStable whether the last three agree
 */
public record Measurement(Window window, int windows, boolean isStable) {
  /** How many windows in a row must agree. */
  public static final int AGREEING = 3;

  private static final double TOLERANCE = 1.10;

  /**
   * Measures until the last three windows agree, at most {@code most} windows. Only the last three
   * count, so that a server that still warms up does not spoil the figure.
   */
  public static Measurement untilStable(Supplier<Window> next, int most) {
    if (most < AGREEING) {
      throw new IllegalArgumentException(
          "max-windows: " + most + " (expected: at least " + AGREEING + ")");
    }
    List<Window> windows = new ArrayList<>();
    boolean isStable = false;
    while (windows.size() < most && !isStable) {
      windows.add(next.get());
      isStable = agree(windows);
    }
    return new Measurement(Window.join(last(windows)), windows.size(), isStable);
  }

  /** Measures so many windows; all of them count. */
  public static Measurement of(Supplier<Window> next, int count) {
    List<Window> windows = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      windows.add(next.get());
    }
    return new Measurement(Window.join(windows), count, agree(windows));
  }

  /**
   * Whether throughput and mean latency of the last three windows are within 10 % of each other.
   */
  static boolean agree(List<Window> windows) {
    return windows.size() >= AGREEING
        && agree(last(windows), Window::perSecond)
        && agree(last(windows), Window::meanMillis);
  }

  private static boolean agree(List<Window> windows, ToDoubleFunction<Window> figure) {
    double least = windows.stream().mapToDouble(figure).min().orElse(0);
    double most = windows.stream().mapToDouble(figure).max().orElse(0);
    return least > 0 && most <= TOLERANCE * least;
  }

  private static List<Window> last(List<Window> windows) {
    return windows.subList(Math.max(0, windows.size() - AGREEING), windows.size());
  }
}
