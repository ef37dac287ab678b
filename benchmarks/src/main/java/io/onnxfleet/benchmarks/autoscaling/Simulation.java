package io.onnxfleet.benchmarks.autoscaling;

import io.onnxfleet.benchmarks.autoscaling.HorizontalAutoscaler.Metric;
import io.onnxfleet.benchmarks.balancing.VirtualTime;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.SplittableRandom;

/**
 * A fleet under a trace with an autoscaler, in virtual time: Poisson arrivals, each to the one of
 * two replicas drawn that has fewer requests; replicas that start late and leave at once; readings
 * that are as old as they would be. The same seed gives the same result.
 */
final class Simulation {
  private static final Duration SYNCHRONISATION = Duration.ofSeconds(15);
  private static final long OBJECTIVE_NANOS = Duration.ofMillis(300).toNanos();
  private static final Duration SAMPLE = Duration.ofMinutes(1);

  /** Above this many requests in it a replica refuses. */
  private static final int MAX_IN_FLIGHT = 256;

  /**
   * What came out.
   *
   * @param violations share of requests that were refused or not answered within 300 ms
   * @param replicaHours from the decision to start one to the decision to stop it
   * @param changes of the number of replicas
   * @param replicas by the minute
   */
  record Result(
      long requests,
      double violations,
      double replicaHours,
      int most,
      int changes,
      List<Integer> replicas) {
    Result {
      replicas = List.copyOf(replicas);
    }
  }

  /** A replica that is or will be ready, with its readings. */
  private final class Pod {
    final SimulatedReplica replica = new SimulatedReplica(time, Simulation.this::answered);
    final Map<Signal, Double> readings = new EnumMap<>(Signal.class);
    final Deque<Double> queue = new ArrayDeque<>();
    double busyNanosBefore;
    boolean gone;
  }

  private final VirtualTime time = new VirtualTime();
  private final Trace trace;
  private final Settings settings;
  private final SplittableRandom random;
  private final HorizontalAutoscaler autoscaler;
  private final List<Pod> pods = new ArrayList<>();
  private final List<Pod> ready = new ArrayList<>();
  private final List<Integer> samples = new ArrayList<>();
  private long requests;
  private long violations;
  private int changes;
  private int highest;
  private double podNanos;
  private long countedAt;

  private Simulation(Trace trace, Settings settings, long seed) {
    this.trace = trace;
    this.settings = settings;
    this.random = new SplittableRandom(seed);
    this.autoscaler =
        new HorizontalAutoscaler(settings.least(), settings.most(), settings.up(), settings.down());
    double needed = trace.rate().applyAsDouble(0) / (0.6 * SimulatedReplica.CAPACITY);
    for (int i = 0; i < Math.max(settings.least(), (int) Math.ceil(needed)); i++) {
      Pod pod = new Pod();
      pods.add(pod);
      becomeReady(pod);
    }
    highest = pods.size();
  }

  static Result run(Trace trace, Settings settings, long seed) {
    Simulation simulation = new Simulation(trace, settings, seed);
    simulation.arriveLater();
    simulation.every(SYNCHRONISATION, simulation::synchronise);
    simulation.every(SAMPLE, () -> simulation.samples.add(simulation.pods.size()));
    simulation.time.runUntil(trace.duration().toNanos());
    simulation.countPods();
    return new Result(
        simulation.requests,
        (double) simulation.violations / simulation.requests,
        simulation.podNanos / Duration.ofHours(1).toNanos(),
        simulation.highest,
        simulation.changes,
        simulation.samples);
  }

  private void every(Duration interval, Runnable action) {
    time.after(
        interval.toNanos(),
        () -> {
          action.run();
          every(interval, action);
        });
  }

  /** Thinning: candidates at the highest rate, each taken with the share that holds at its time. */
  private void arriveLater() {
    long pause = (long) (-Math.log(1 - random.nextDouble()) / trace.highest() * 1e9);
    time.after(
        pause,
        () -> {
          double rate = trace.rate().applyAsDouble(time.now() / 1e9);
          if (random.nextDouble() * trace.highest() < rate) {
            arrive();
          }
          arriveLater();
        });
  }

  private void arrive() {
    requests++;
    Pod one = ready.get(random.nextInt(ready.size()));
    Pod other = ready.get(random.nextInt(ready.size()));
    Pod chosen = one.replica.inFlight() <= other.replica.inFlight() ? one : other;
    if (chosen.replica.inFlight() >= MAX_IN_FLIGHT) {
      violations++;
    } else {
      chosen.replica.accept();
    }
  }

  private void answered(long came) {
    if (time.now() - came > OBJECTIVE_NANOS) {
      violations++;
    }
  }

  private void becomeReady(Pod pod) {
    if (pod.gone) {
      return;
    }
    ready.add(pod);
    // Every pod is read at a moment of its own, like the targets of a Prometheus.
    for (Signal signal : settings.targets().keySet()) {
      time.after(random.nextLong(signal.interval().toNanos()), () -> readLater(pod, signal));
    }
  }

  private void readLater(Pod pod, Signal signal) {
    if (pod.gone) {
      return;
    }
    pod.readings.put(signal, read(pod, signal));
    time.after(signal.interval().toNanos(), () -> readLater(pod, signal));
  }

  private static double read(Pod pod, Signal signal) {
    return switch (signal) {
      case CPU -> {
        double busy = pod.replica.busyNanos();
        double share = (busy - pod.busyNanosBefore) / signal.interval().toNanos();
        pod.busyNanosBefore = busy;
        yield share;
      }
      case IN_FLIGHT -> pod.replica.inFlight();
      case BUSY_SHARE -> pod.replica.busyShare();
      case QUEUE_DELAY -> {
        pod.queue.add(pod.replica.queueSeconds());
        if (pod.queue.size() > Signal.QUEUE_READINGS) {
          pod.queue.remove();
        }
        yield pod.queue.stream().mapToDouble(Double::doubleValue).max().orElse(0);
      }
    };
  }

  private void synchronise() {
    List<Metric> metrics = new ArrayList<>();
    settings
        .targets()
        .forEach(
            (signal, target) -> {
              List<OptionalDouble> readings = new ArrayList<>();
              for (Pod pod : pods) {
                Double reading = pod.readings.get(signal);
                readings.add(reading == null ? OptionalDouble.empty() : OptionalDouble.of(reading));
              }
              metrics.add(new Metric(target, readings));
            });
    scaleTo(autoscaler.synchronise(time.now(), pods.size(), metrics));
  }

  private void scaleTo(int wanted) {
    if (wanted == pods.size()) {
      return;
    }
    countPods();
    changes++;
    while (pods.size() < wanted) {
      Pod pod = new Pod();
      pods.add(pod);
      time.after(settings.startTime().toNanos(), () -> becomeReady(pod));
    }
    // Those that are not ready go first, then the youngest; they finish what they have.
    while (pods.size() > wanted) {
      Pod pod = pods.removeLast();
      pod.gone = true;
      ready.remove(pod);
    }
    highest = Math.max(highest, pods.size());
  }

  private void countPods() {
    podNanos += (double) pods.size() * (time.now() - countedAt);
    countedAt = time.now();
  }
}
