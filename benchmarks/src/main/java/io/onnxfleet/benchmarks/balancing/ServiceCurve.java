package io.onnxfleet.benchmarks.balancing;

/**
 * How long a replica of speed 1 computes.
 *
 * @param instances that compute at the same time
 * @param fixedNanos of a batch
 * @param nanosPerRequest in the batch
 * @param maxBatch requests in a batch
 */
record ServiceCurve(int instances, long fixedNanos, long nanosPerRequest, int maxBatch) {
  /** A batch costs what its requests cost; nothing is gained. */
  static final ServiceCurve CPU = new ServiceCurve(2, 1_000_000, 9_000_000, 8);

  /** A batch costs hardly more than one request. */
  static final ServiceCurve ACCELERATOR = new ServiceCurve(1, 8_000_000, 250_000, 32);

  /** Requests a second at full batches. */
  double capacity() {
    return instances * maxBatch * 1e9 / (fixedNanos + (double) nanosPerRequest * maxBatch);
  }
}
