package io.onnxfleet.benchmarks.autoscaling;

import java.time.Duration;

/** What an autoscaler can look at. */
enum Signal {
  /** Processor time through the metrics server: read every 15 s, the mean of the time between. */
  CPU("CPU", Duration.ofSeconds(15)),
  /** Requests in the replica, waiting ones included. */
  IN_FLIGHT("in-flight", Duration.ofSeconds(5)),
  /** The busy share of the instances' time. */
  BUSY_SHARE("busy share", Duration.ofSeconds(5)),
  /** The longest that a request had waited at the readings of the last 30 s, in seconds. */
  QUEUE_DELAY("queue delay", Duration.ofSeconds(5));

  static final int QUEUE_READINGS = 6;

  private final String label;
  private final Duration interval;

  Signal(String label, Duration interval) {
    this.label = label;
    this.interval = interval;
  }

  String label() {
    return label;
  }

  /** Between readings of a pod; what the autoscaler sees is up to that old. */
  Duration interval() {
    return interval;
  }
}
