package io.onnxfleet.benchmarks.autoscaling;

import java.io.PrintStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Compares what an autoscaler may scale on, by simulation; prints tables. Takes a minute or so. */
public final class AutoscalingComparison {
  private static final long SEED = 20261122;

  private static final List<Map<Signal, Double>> TARGETS =
      List.of(
          Map.of(Signal.CPU, 0.5),
          Map.of(Signal.CPU, 0.6),
          Map.of(Signal.CPU, 0.7),
          Map.of(Signal.IN_FLIGHT, 2.0),
          Map.of(Signal.IN_FLIGHT, 4.0),
          Map.of(Signal.BUSY_SHARE, 0.5),
          Map.of(Signal.BUSY_SHARE, 0.6),
          Map.of(Signal.BUSY_SHARE, 0.7),
          Map.of(Signal.QUEUE_DELAY, 0.05),
          Map.of(Signal.QUEUE_DELAY, 0.1),
          Map.of(Signal.BUSY_SHARE, 0.6, Signal.QUEUE_DELAY, 0.1),
          Map.of(Signal.BUSY_SHARE, 0.7, Signal.QUEUE_DELAY, 0.1));

  /** What k8s/components/autoscaling ships. */
  static final Map<Signal, Double> SHIPPED =
      Map.of(Signal.BUSY_SHARE, 0.6, Signal.QUEUE_DELAY, 0.1);

  private final PrintStream out;

  public AutoscalingComparison(PrintStream out) {
    this.out = out;
  }

  /** A line of a diagram: a value by the minute. */
  public record Line(String name, List<Double> values) {
    public Line {
      values = List.copyOf(values);
    }
  }

  /** Prints every comparison. */
  public void run() {
    for (Trace trace : List.of(Trace.diurnal(), Trace.bursty(SEED))) {
      out.printf("%s, %d hours%n", trace.name(), trace.duration().toHours());
      header("target");
      for (Map<Signal, Double> targets : TARGETS) {
        Settings settings = Settings.of(targets);
        row(settings.label(), Simulation.run(trace, settings, SEED));
      }
      out.println();
    }
    behaviors();
    startTimes();
  }

  private void behaviors() {
    Trace trace = Trace.bursty(SEED);
    out.println("bursty, " + Settings.of(SHIPPED).label() + ": behaviour");
    header("up, down");
    Settings shipped = Settings.of(SHIPPED);
    Behavior slowUp = new Behavior(Duration.ofMinutes(1), 100, 4, Duration.ofSeconds(15));
    Behavior shortDown = new Behavior(Duration.ofMinutes(1), 100, 0, Duration.ofSeconds(15));
    row("shipped, shipped", Simulation.run(trace, shipped, SEED));
    row("shipped, default", simulate(trace, Settings.SHIPPED_UP, Behavior.DEFAULT_DOWN));
    row("shipped, after 1 minute", simulate(trace, Settings.SHIPPED_UP, shortDown));
    row("after 1 minute, shipped", simulate(trace, slowUp, Settings.SHIPPED_DOWN));
    out.println();
  }

  private static Simulation.Result simulate(Trace trace, Behavior up, Behavior down) {
    return Simulation.run(trace, new Settings(SHIPPED, up, down, 2, 20, Settings.START_TIME), SEED);
  }

  private void startTimes() {
    Trace trace = Trace.bursty(SEED);
    out.println("bursty, " + Settings.of(SHIPPED).label() + ": until a new replica is ready");
    header("seconds");
    for (int seconds : new int[] {5, 20, 60, 180}) {
      Settings settings =
          new Settings(
              SHIPPED,
              Settings.SHIPPED_UP,
              Settings.SHIPPED_DOWN,
              2,
              20,
              Duration.ofSeconds(seconds));
      row(Integer.toString(seconds), Simulation.run(trace, settings, SEED));
    }
    out.println();
  }

  /** The load of a trace and the replicas by each of four signals, by the minute. */
  public List<Line> lines(boolean bursty) {
    Trace trace = bursty ? Trace.bursty(SEED) : Trace.diurnal();
    List<Line> lines = new ArrayList<>();
    List<Double> needed = new ArrayList<>();
    for (int minute = 1; minute <= trace.duration().toMinutes(); minute++) {
      needed.add(trace.rate().applyAsDouble(minute * 60.0) / SimulatedReplica.CAPACITY);
    }
    lines.add(new Line("load / capacity", needed));
    for (Map<Signal, Double> targets :
        List.of(
            Map.of(Signal.CPU, 0.6),
            Map.of(Signal.IN_FLIGHT, 4.0),
            Map.of(Signal.QUEUE_DELAY, 0.1),
            SHIPPED)) {
      Settings settings = Settings.of(targets);
      List<Integer> replicas = Simulation.run(trace, settings, SEED).replicas();
      lines.add(new Line(settings.label(), replicas.stream().map(Integer::doubleValue).toList()));
    }
    return lines;
  }

  private void header(String first) {
    out.printf(
        "%-36s %12s %14s %6s %8s%n", first, "violations", "replica hours", "most", "changes");
  }

  private void row(String label, Simulation.Result result) {
    out.printf(
        "%-36s %11.2f%% %14.1f %6d %8d%n",
        label, result.violations() * 100, result.replicaHours(), result.most(), result.changes());
  }
}
