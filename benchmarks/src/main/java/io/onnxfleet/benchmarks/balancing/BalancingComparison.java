package io.onnxfleet.benchmarks.balancing;

import io.onnxfleet.benchmarks.balancing.Simulation.Result;
import java.io.PrintStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.SplittableRandom;

/** Compares the gateway's balancing policies by simulation, and prints tables. */
public final class BalancingComparison {
  private static final long SEED = 20240416;
  private static final double LOAD = 0.7;
  private static final double SLOW = 0.2;
  private static final double[] MIXED_SPEEDS = {1, 0.8, 0.6, 0.4};

  private static final List<PolicyKind> POLICIES = PolicyKind.OF_THE_GATEWAY;

  private final PrintStream out;

  public BalancingComparison(PrintStream out) {
    this.out = out;
  }

  /** Runs all of them; takes a minute or so of one CPU. */
  public void run() {
    oneSlowOfFour();
    fleets("replicas of mixed speeds (1, 0.8, 0.6, 0.4)", true);
    fleets("equal replicas but one five times slower", false);
    batches();
  }

  private void oneSlowOfFour() {
    out.println(
        "four replicas, one five times slower, against three healthy ones at the same rate");
    out.printf(
        "%-18s %12s %12s %12s %8s %14s%n",
        "policy", "p50 ms", "p99 ms", "p99 of 3 ms", "ratio", "to the slow");
    for (PolicyKind policy : POLICIES) {
      Scenario healthy = Scenario.atLoad(ServiceCurve.CPU, speeds(3, false, 1), 1, LOAD);
      Scenario slow =
          new Scenario(
              ServiceCurve.CPU, List.of(1.0, 1.0, 1.0, SLOW), 1, healthy.requestsPerSecond());
      Result without = simulate(healthy, policy, 60);
      Result with = simulate(slow, policy, 60);
      out.printf(
          "%-18s %12.1f %12.1f %12.1f %8.2f %13.2f%%%n",
          policy.label(),
          with.p50Millis(),
          with.p99Millis(),
          without.p99Millis(),
          with.p99Millis() / without.p99Millis(),
          with.slowestShare() * 100);
    }
    out.println();
  }

  private void fleets(String title, boolean mixed) {
    out.println(title + ", " + Math.round(LOAD * 100) + " % load: p50 / p99 in ms");
    out.printf("%9s %9s", "replicas", "gateways");
    POLICIES.forEach(policy -> out.printf(" %17s", policy.label()));
    out.println("   probes a request");
    for (int replicas : new int[] {10, 100, 1000}) {
      for (int gateways : new int[] {1, 5, 20}) {
        Scenario scenario =
            Scenario.atLoad(
                ServiceCurve.CPU, speeds(replicas, mixed, mixed ? 1 : SLOW), gateways, LOAD);
        out.printf("%9d %9d", replicas, gateways);
        double probes = 0;
        for (PolicyKind policy : POLICIES) {
          Result result = simulate(scenario, policy, Math.max(1.5, 200.0 / replicas));
          out.printf(" %7.1f / %7.1f", result.p50Millis(), result.p99Millis());
          probes = Math.max(probes, result.probesPerRequest());
        }
        out.printf(" %18.2f%n", probes);
      }
    }
    out.println();
  }

  private void batches() {
    out.println("ten accelerators (8 ms a batch and 0.25 ms a request, up to 32), one gateway");
    out.printf("%-6s %-18s %10s %10s %12s%n", "load", "policy", "p50 ms", "p99 ms", "mean batch");
    List<PolicyKind> all = new ArrayList<>(POLICIES);
    all.add(PolicyKind.BATCH_FILLING);
    for (double load : new double[] {0.3, 0.7, 0.95}) {
      for (PolicyKind policy : all) {
        Scenario scenario =
            Scenario.atLoad(ServiceCurve.ACCELERATOR, Collections.nCopies(10, 1.0), 1, load);
        Result result = simulate(scenario, policy, 4);
        out.printf(
            "%-6s %-18s %10.1f %10.1f %12.1f%n",
            load, policy.label(), result.p50Millis(), result.p99Millis(), result.meanBatch());
      }
    }
    out.println();
  }

  /** The last of them has the speed given. */
  private static List<Double> speeds(int replicas, boolean mixed, double last) {
    SplittableRandom random = new SplittableRandom(SEED);
    List<Double> speeds = new ArrayList<>();
    for (int i = 0; i < replicas - 1; i++) {
      speeds.add(mixed ? MIXED_SPEEDS[random.nextInt(MIXED_SPEEDS.length)] : 1);
    }
    speeds.add(last);
    return speeds;
  }

  private static Result simulate(Scenario scenario, PolicyKind policy, double seconds) {
    Duration warmUp = Duration.ofMillis((long) (seconds * 300));
    Duration measured = Duration.ofMillis((long) (seconds * 1000));
    return Simulation.run(scenario, policy, warmUp, measured, SEED);
  }
}
