package io.onnxfleet.benchmarks.load;

import io.onnxfleet.benchmarks.load.Load.Arrival;
import java.util.random.RandomGenerator;

/**
 * When the requests of an open loop are due, in nanoseconds from its start. Each gap is added to a
 * sum that is kept exactly enough: a run of a day is off by less than a microsecond. Not
 * thread-safe.
 */
final class ArrivalSchedule {
  private static final double NANOS = 1e9;

  private final Arrival arrival;
  private final double meanGap;
  private final RandomGenerator random;
  private double next;

  ArrivalSchedule(Load.Open load, RandomGenerator random) {
    this.arrival = load.arrival();
    this.meanGap = NANOS / load.perSecond();
    this.random = random;
    this.next = gap();
  }

  /** When the next request is due. */
  long peek() {
    return (long) next;
  }

  /** Takes the next request: what follows is due a gap later. */
  long take() {
    long due = peek();
    next += gap();
    return due;
  }

  private double gap() {
    return switch (arrival) {
      case CONSTANT -> meanGap;
      case POISSON -> meanGap * random.nextExponential();
    };
  }
}
