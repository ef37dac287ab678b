package io.onnxfleet.engine.metrics;

/** Readings of one model version at this moment; thread-safe, cheap. */
public interface ModelGauges {
  /** Requests that wait for an instance. */
  int pendingRequests();

  /** Rows of those requests. */
  long pendingRows();

  /** How long the oldest of them has waited, in seconds; 0 if none waits. */
  double queueDelaySeconds();

  /**
   * Estimated seconds until a request that is submitted now would start, from what the version's
   * batches took lately; 0 while too little is known.
   */
  double queuedWorkSeconds();

  /** The share of the instances' time that was spent on batches lately, 0 to 1. */
  double busyShare();

  /** What its runs take or have left for the next ones, in bytes; weights are not counted. */
  default long runMemoryBytes() {
    return 0;
  }

  /** Parallel executors of this version. */
  int instances();
}
