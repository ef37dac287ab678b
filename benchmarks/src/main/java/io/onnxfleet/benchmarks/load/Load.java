package io.onnxfleet.benchmarks.load;

/** How requests come: each when the last one was answered, or at a rate of their own. */
public sealed interface Load {
  /**
   * Each of so many connections sends its next request when the last one was answered. Tells
   * throughput at saturation; its latencies are those of that many patient callers.
   */
  record Closed(int connections) implements Load {
    public Closed {
      if (connections < 1) {
        throw new IllegalArgumentException(
            "connections: " + connections + " (expected: at least 1)");
      }
    }

    @Override
    public String toString() {
      return Integer.toString(connections);
    }
  }

  /**
   * Requests come whether or not earlier ones were answered. Latency counts from when a request
   * should have been sent, so that a server that holds requests up cannot hide it.
   *
   * @param perSecond the mean rate
   * @param maxConnections how many requests can be under way; further ones wait in the client, and
   *     their waiting counts
   */
  record Open(double perSecond, Arrival arrival, int maxConnections) implements Load {
    public Open {
      if (!(perSecond > 0) || perSecond > 1e6) {
        throw new IllegalArgumentException(
            "rate: " + perSecond + " (expected: above 0, at most 1000000)");
      }
      if (maxConnections < 1) {
        throw new IllegalArgumentException(
            "connections: " + maxConnections + " (expected: at least 1)");
      }
    }

    @Override
    public String toString() {
      return perSecond == Math.rint(perSecond)
          ? Long.toString((long) perSecond)
          : Double.toString(perSecond);
    }
  }

  /** The gaps between the requests of an open loop. */
  enum Arrival {
    /** Exponentially distributed, as of many callers who know nothing of each other. */
    POISSON,
    /** All of one length. */
    CONSTANT
  }
}
