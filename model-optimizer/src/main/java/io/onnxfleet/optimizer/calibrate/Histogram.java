package io.onnxfleet.optimizer.calibrate;

import java.util.Arrays;

/**
 * How often which numbers of a value occurred, in bins of equal width over all that was seen. Not
 * thread-safe.
 */
final class Histogram {
  /** Even, and a multiple of the steps that entropy cuts to. */
  private static final int BINS = 2048;

  /** Steps of a magnitude in 8 bits. */
  private static final int STEPS = 128;

  private final Range range;
  private final double width;
  private final long[] counts = new long[BINS];

  Histogram(Range range) {
    this.range = range;
    this.width = ((double) range.highest() - range.lowest()) / BINS;
  }

  void add(float number) {
    if (width > 0) {
      int bin = (int) (((double) number - range.lowest()) / width);
      counts[Math.clamp(bin, 0, BINS - 1)]++;
    }
  }

  /** The range without a share of the numbers, half of it at either end. */
  Range percentile(double share) {
    long all = Arrays.stream(counts).sum();
    double outside = all * (1 - share) / 2;
    int from = 0;
    for (double left = outside; from < BINS - 1 && counts[from] <= left; from++) {
      left -= counts[from];
    }
    int to = BINS;
    for (double left = outside; to > from + 1 && counts[to - 1] <= left; to--) {
      left -= counts[to - 1];
    }
    return new Range(
        Math.min(0, (float) (range.lowest() + from * width)),
        Math.max(0, (float) (range.lowest() + to * width)));
  }

  /*
   * S. Migacz, "8-bit Inference with TensorRT", 2017: of all thresholds take the one whose cut
   * distribution, in 128 steps, diverges least (Kullback-Leibler) from the original whose outliers
   * are counted into its last bin. Magnitudes are looked at: both signs are cut alike.
   */
  Range entropy() {
    double[] magnitudes = magnitudes();
    int best = BINS;
    double least = Double.POSITIVE_INFINITY;
    for (int bins = STEPS; bins <= BINS; bins += BINS / STEPS / 2) {
      double divergence = divergence(magnitudes, bins);
      if (divergence < least) {
        least = divergence;
        best = bins;
      }
    }
    float threshold = (float) ((double) range.largest() * best / BINS);
    return new Range(Math.max(range.lowest(), -threshold), Math.min(range.highest(), threshold));
  }

  private double[] magnitudes() {
    double[] magnitudes = new double[BINS];
    for (int bin = 0; bin < BINS; bin++) {
      double middle = Math.abs(range.lowest() + (bin + 0.5) * width);
      int place = (int) (middle / range.largest() * BINS);
      magnitudes[Math.clamp(place, 0, BINS - 1)] += counts[bin];
    }
    return magnitudes;
  }

  private static double divergence(double[] magnitudes, int bins) {
    double[] reference = Arrays.copyOf(magnitudes, bins);
    for (int bin = bins; bin < magnitudes.length; bin++) {
      reference[bins - 1] += magnitudes[bin];
    }
    double[] cut = new double[bins];
    for (int step = 0; step < STEPS; step++) {
      int from = (int) ((long) step * bins / STEPS);
      int to = (int) ((long) (step + 1) * bins / STEPS);
      double sum = 0;
      int filled = 0;
      for (int bin = from; bin < to; bin++) {
        sum += magnitudes[bin];
        filled += reference[bin] > 0 ? 1 : 0;
      }
      for (int bin = from; bin < to; bin++) {
        cut[bin] = reference[bin] > 0 ? sum / filled : 0;
      }
    }
    double all = Arrays.stream(reference).sum();
    double kept = Arrays.stream(cut).sum();
    if (kept == 0) {
      return Double.POSITIVE_INFINITY;
    }
    double divergence = 0;
    for (int bin = 0; bin < bins; bin++) {
      if (reference[bin] > 0) {
        double one = reference[bin] / all;
        // Where the cut has nothing, as in a last bin of outliers only, it counts as almost
        // nothing.
        double other = Math.max(cut[bin] / kept, 1e-9);
        divergence += one * Math.log(one / other);
      }
    }
    return divergence;
  }
}
