package io.onnxfleet.engine.proof;

/**
 * How much is spent on running merged requests again alone, to see that they were answered alike.
 *
 * @param share of the merged requests that is chosen at random, 0 to 1; 0 switches all of it off
 * @param maxComputeShare of the time that batches took which may go into it, 0 to 1
 * @param maxKeptBytes of requests and answers that wait to be compared, over all models
 */
public record SentinelOptions(double share, double maxComputeShare, long maxKeptBytes) {
  /** One request in 2,000, a thousandth of the compute, 16 MB. */
  public static final SentinelOptions DEFAULT = new SentinelOptions(0.0005, 0.001, 16_000_000);

  /** Nothing is run again. */
  public static final SentinelOptions OFF = new SentinelOptions(0, 0, 0);

  public SentinelOptions {
    requireShare("sentinel.share", share);
    requireShare("max-compute-share", maxComputeShare);
    if (maxKeptBytes < 0) {
      throw new IllegalArgumentException("max-kept-bytes: " + maxKeptBytes + " (expected: >= 0)");
    }
  }

  private static void requireShare(String name, double share) {
    if (!(share >= 0 && share <= 1)) {
      throw new IllegalArgumentException(name + ": " + share + " (expected: 0 to 1)");
    }
  }

  /** True if nothing is run again. */
  public boolean isOff() {
    return share == 0 || maxComputeShare == 0 || maxKeptBytes == 0;
  }
}
