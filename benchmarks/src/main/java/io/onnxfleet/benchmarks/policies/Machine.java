package io.onnxfleet.benchmarks.policies;

import java.util.List;
import java.util.function.IntUnaryOperator;

/**
 * What executes batches in a simulation.
 *
 * @param maxBatchSize most rows of a batch
 * @param instances how many batches are executed at once
 * @param points rows and microseconds of a batch, ascending; between them is interpolated
 * @param lengths how long a request's sequence is, given a number that is uniform up to 1,000; the
 *     points hold for a length of 32
 */
record Machine(
    String name, int maxBatchSize, int instances, List<Point> points, IntUnaryOperator lengths) {
  private static final int POINTS_LENGTH = 32;

  Machine {
    points = List.copyOf(points);
  }

  /** What a batch of so many rows takes. */
  record Point(int rows, double micros) {}

  /**
   * all-MiniLM-L6-v2 fp32, 32 tokens, two instances of one thread: twice the batch over the
   * answers/s of the saturation table in docs/benchmarks.md.
   */
  static final Machine MINI_LM =
      new Machine(
          "MiniLM, 2 CPUs",
          32,
          2,
          List.of(
              new Point(1, 13_495),
              new Point(2, 24_012),
              new Point(4, 44_346),
              new Point(8, 83_990),
              new Point(16, 166_147),
              new Point(32, 338_088)),
          uniform -> 0);

  /** The same with sequences of 8 to 128 tokens, whose cost is taken to grow with their number. */
  static final Machine MINI_LM_LENGTHS =
      new Machine(
          "MiniLM, 8-128 tokens", 32, 2, MINI_LM.points, uniform -> 8 + uniform * 120 / 1_000);

  /** An accelerator by assumption: 5 ms a batch and 0.1 ms a row. */
  static final Machine ACCELERATOR =
      new Machine(
          "5 ms + 0.1 ms * n",
          32,
          1,
          List.of(new Point(1, 5_100), new Point(32, 8_200)),
          uniform -> 0);

  /** Nanoseconds of a batch. */
  double nanos(int rows, long length) {
    double fixed = Math.max(0, 2 * points.getFirst().micros - micros(2));
    double scale = length == 0 ? 1 : (double) length / POINTS_LENGTH;
    return 1_000 * (fixed + (micros(rows) - fixed) * scale);
  }

  private double micros(int rows) {
    int upper = 1;
    while (upper < points.size() - 1 && points.get(upper).rows < rows) {
      upper++;
    }
    Point from = points.get(upper - 1);
    Point to = points.get(upper);
    return from.micros + (rows - from.rows) * (to.micros - from.micros) / (to.rows - from.rows);
  }

  /** Requests a second of the best batch size, unpadded. */
  double capacity() {
    double meanLength = 0;
    for (int uniform = 0; uniform < 1_000; uniform++) {
      meanLength += lengths.applyAsInt(uniform) / 1_000.0;
    }
    double best = 0;
    for (int rows = 1; rows <= maxBatchSize; rows++) {
      best = Math.max(best, instances * rows * 1e9 / nanos(rows, Math.round(meanLength)));
    }
    return best;
  }
}
