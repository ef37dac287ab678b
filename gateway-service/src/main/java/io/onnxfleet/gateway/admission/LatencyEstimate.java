package io.onnxfleet.gateway.admission;

/*
 * A weighted least-squares line of latency over requests under way. Weights fall by e every time
 * constant, so that what was learned before a replica came, stalled or went is soon forgotten.
 *
 * Where requests under way hardly varied, the line's slope says nothing, and less the further from
 * them one asks. Upwards the slope is then taken to be 0: replicas may batch what comes, and
 * refusing it would never show. Downwards it is that of Little's law for a full server, latency =
 * under way / throughput, or nothing would be admitted until all of the queue is gone. Both are
 * mixed with what was seen, as if they had been seen with a variance of one request, or with the
 * square of a quarter of the distance downwards.
 */
/**
 * How long the next answer will take, as far as the last seconds' answers tell. Not safe for
 * threads: {@link ModelLimiter} guards it.
 */
final class LatencyEstimate {

  /** The share of normally distributed latencies below the estimate is 0.9. */
  private static final double DEVIATIONS = 1.28;

  private static final double TIME_CONSTANT_NANOS = 2e9;
  private static final double LEAST_WEIGHT = 8;
  private static final double PRIOR_DISTANCE = 0.25;

  private long lastNanos;
  private double weight;
  private double sumX;
  private double sumY;
  private double sumXx;
  private double sumXy;
  private double sumYy;

  LatencyEstimate(long nowNanos) {
    lastNanos = nowNanos;
  }

  /**
   * An answer came, or its deadline passed: then it would have taken at least as long.
   *
   * @param inFlight requests under way when it was admitted, itself included
   */
  void observe(long nowNanos, int inFlight, long latencyNanos) {
    decay(nowNanos);
    double x = inFlight;
    double y = latencyNanos;
    weight += 1;
    sumX += x;
    sumY += y;
    sumXx += x * x;
    sumXy += x * y;
    sumYy += y * y;
  }

  /**
   * What nine of ten such requests take at most; 0 while too little is known.
   *
   * @param inFlight requests under way, this one included
   */
  long nanos(long nowNanos, int inFlight) {
    decay(nowNanos);
    if (weight < LEAST_WEIGHT) {
      return 0;
    }
    double meanX = sumX / weight;
    double meanY = sumY / weight;
    double varianceX = Math.max(0, sumXx / weight - meanX * meanX);
    double covariance = sumXy / weight - meanX * meanY;
    double varianceY = Math.max(0, sumYy / weight - meanY * meanY);
    double full = meanY / meanX;
    double below = Math.max(0, meanX - inFlight) * PRIOR_DISTANCE;
    double priorVariance = 1 + below * below;
    double prior = below > 0 ? full : 0;
    double slope =
        Math.clamp((covariance + priorVariance * prior) / (varianceX + priorVariance), 0.0, full);
    double residual = varianceY - 2 * slope * covariance + slope * slope * varianceX;
    double mean = meanY + slope * (inFlight - meanX);
    return (long) (mean + DEVIATIONS * Math.sqrt(Math.max(0, residual)));
  }

  private void decay(long nowNanos) {
    long passed = nowNanos - lastNanos;
    if (passed > 0) {
      double factor = Math.exp(-passed / TIME_CONSTANT_NANOS);
      weight *= factor;
      sumX *= factor;
      sumY *= factor;
      sumXx *= factor;
      sumXy *= factor;
      sumYy *= factor;
      lastNanos = nowNanos;
    }
  }
}
