package io.onnxfleet.benchmarks.policies;

import java.io.PrintStream;
import java.time.Duration;
import java.util.List;
import java.util.Locale;

/** Prints how the policies fare on several machines and under several loads. */
public final class PolicyComparison {
  static final Duration DEADLINE = Duration.ofMillis(300);
  static final long SEED = 20_261_122;

  private static final List<Machine> MACHINES =
      List.of(Machine.MINI_LM, Machine.MINI_LM_LENGTHS, Machine.ACCELERATOR);
  private static final List<Double> LOADS = List.of(0.3, 0.7, 1.0, 1.5, 3.0);
  private static final List<Integer> CLIENTS = List.of(1, 8, 64);
  private static final double REQUESTS = 20_000;

  private PolicyComparison() {}

  /** Everything, as tables in Markdown. */
  public static void print(PrintStream out) {
    out.println(
        "Simulated: seed %d, deadline %d ms, Poisson arrivals or closed-loop clients"
            .formatted(SEED, DEADLINE.toMillis()));
    for (Machine machine : MACHINES) {
      out.println();
      out.println("%s: capacity %.0f/s".formatted(machine.name(), machine.capacity()));
      out.println();
      out.println("| Load | Policy | Answers/s | Goodput/s | p50 ms | p99 ms | Mean batch |");
      out.println("|---|---|---:|---:|---:|---:|---:|");
      for (double load : LOADS) {
        for (Policy policy : Policy.values()) {
          print(out, "%.1f".formatted(load), policy, openLoop(machine, policy, load));
        }
      }
      for (int clients : CLIENTS) {
        for (Policy policy : Policy.values()) {
          print(out, clients + " clients", policy, closedLoop(machine, policy, clients));
        }
      }
    }
  }

  static Outcome openLoop(Machine machine, Policy policy, double load) {
    double rate = load * machine.capacity();
    return new Simulation(machine, policy, DEADLINE, SEED).openLoop(rate, duration(rate));
  }

  static Outcome closedLoop(Machine machine, Policy policy, int clients) {
    // Nobody gives up: what matters here is how long all of them wait.
    return new Simulation(machine, policy, Duration.ofMinutes(1), SEED)
        .closedLoop(clients, duration(machine.capacity()));
  }

  private static Duration duration(double rate) {
    return Duration.ofMillis(Math.round(1_000 * REQUESTS / rate));
  }

  private static void print(PrintStream out, String load, Policy policy, Outcome outcome) {
    out.println(
        "| %s | %s | %.0f | %.0f | %.1f | %.1f | %.1f |"
            .formatted(
                load,
                policy.name().toLowerCase(Locale.ROOT),
                outcome.throughput(),
                outcome.goodput(),
                outcome.p50Millis(),
                outcome.p99Millis(),
                outcome.meanBatch()));
  }
}
