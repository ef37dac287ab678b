package io.onnxfleet.benchmarks.autoscaling;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.OptionalDouble;

/**
 * The published algorithm of Kubernetes' HorizontalPodAutoscaler ({@code autoscaling/v2}) for pods
 * metrics: the ratio of the mean to the target with its tolerance, pods without a metric counted
 * against the change, stabilisation, and policies by period. Not thread-safe.
 */
final class HorizontalAutoscaler {
  static final double TOLERANCE = 0.1;

  private record Moment(long atNanos, int value) {}

  private final int least;
  private final int most;
  private final Behavior up;
  private final Behavior down;
  private final Deque<Moment> recommendations = new ArrayDeque<>();
  private final Deque<Moment> additions = new ArrayDeque<>();
  private final Deque<Moment> removals = new ArrayDeque<>();

  HorizontalAutoscaler(int least, int most, Behavior up, Behavior down) {
    this.least = least;
    this.most = most;
    this.up = up;
    this.down = down;
  }

  /**
   * One synchronisation.
   *
   * @param current replicas, starting ones included
   * @param metrics for each metric its target and what each pod says of it, empty for a pod that
   *     says nothing
   * @return how many replicas there shall be
   */
  int synchronise(long nowNanos, int current, List<Metric> metrics) {
    int wanted =
        metrics.stream().mapToInt(metric -> recommend(current, metric)).max().orElseThrow();
    wanted = Math.clamp(wanted, least, most);
    wanted = stabilise(nowNanos, current, wanted);
    wanted = limit(nowNanos, current, wanted);
    wanted = Math.clamp(wanted, least, most);
    if (wanted > current) {
      additions.add(new Moment(nowNanos, wanted - current));
    } else if (wanted < current) {
      removals.add(new Moment(nowNanos, current - wanted));
    }
    return wanted;
  }

  /** A metric's target and readings. */
  record Metric(double target, List<OptionalDouble> readings) {
    Metric {
      readings = List.copyOf(readings);
    }
  }

  static int recommend(int current, Metric metric) {
    double sum = 0;
    int known = 0;
    for (OptionalDouble reading : metric.readings) {
      if (reading.isPresent()) {
        sum += reading.getAsDouble();
        known++;
      }
    }
    if (known == 0) {
      return current;
    }
    double ratio = sum / known / metric.target;
    int missing = metric.readings.size() - known;
    if (missing == 0) {
      return isNear(ratio) ? current : ceil(ratio * known);
    }
    // Those that say nothing are taken for busy when it goes down, and for idle when it goes up.
    double assumed = ratio < 1 ? metric.target : 0;
    int pods = metric.readings.size();
    double corrected = (sum + assumed * missing) / pods / metric.target;
    if (isNear(corrected) || (ratio < 1 && corrected > 1) || (ratio > 1 && corrected < 1)) {
      return current;
    }
    int wanted = ceil(corrected * pods);
    boolean turned = corrected < 1 ? wanted > current : wanted < current;
    return turned ? current : wanted;
  }

  private int stabilise(long now, int current, int wanted) {
    recommendations.add(new Moment(now, wanted));
    long longest = Math.max(up.stabilization().toNanos(), down.stabilization().toNanos());
    while (recommendations.getFirst().atNanos < now - longest) {
      recommendations.removeFirst();
    }
    int upwards = wanted;
    int downwards = wanted;
    for (Moment moment : recommendations) {
      if (moment.atNanos > now - up.stabilization().toNanos()) {
        upwards = Math.min(upwards, moment.value);
      }
      if (moment.atNanos > now - down.stabilization().toNanos()) {
        downwards = Math.max(downwards, moment.value);
      }
    }
    int stable = current;
    stable = Math.max(stable, upwards);
    return Math.min(stable, downwards);
  }

  private int limit(long now, int current, int wanted) {
    if (wanted > current) {
      int start = current - changed(additions, now, up);
      int highest =
          Math.max(start + up.pods(), (int) Math.ceil(start * (1 + up.percent() / 100.0)));
      return Math.min(wanted, Math.max(current, highest));
    }
    int start = current + changed(removals, now, down);
    int lowest = Math.min(start - down.pods(), (int) (start * (1 - down.percent() / 100.0)));
    return Math.max(wanted, Math.min(current, lowest));
  }

  private static int changed(Deque<Moment> events, long now, Behavior behavior) {
    while (!events.isEmpty() && events.getFirst().atNanos <= now - behavior.period().toNanos()) {
      events.removeFirst();
    }
    return events.stream().mapToInt(Moment::value).sum();
  }

  private static boolean isNear(double ratio) {
    return Math.abs(1 - ratio) <= TOLERANCE;
  }

  private static int ceil(double value) {
    return (int) Math.ceil(value - 1e-9);
  }
}
