package io.onnxfleet.benchmarks.chaos.jobs;

import io.onnxfleet.benchmarks.chaos.bar.Bar;
import io.onnxfleet.benchmarks.chaos.scenario.ChaosFleet;
import io.onnxfleet.benchmarks.chaos.scenario.ChaosSettings;
import io.onnxfleet.benchmarks.chaos.scenario.Scenario;
import io.onnxfleet.benchmarks.chaos.scenario.Traffic;
import io.onnxfleet.benchmarks.load.Window;
import io.onnxfleet.launcher.jobs.GatewayCalls;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * A batch that takes what callers leave: first beside callers who take half of what the fleet can
 * do, then alone until callers come who want nearly all of it.
 */
final class BesideCallers implements Scenario {
  private static final double HALF = 0.5;
  private static final double NEARLY_ALL = 0.9;
  private static final double MOST_P99 = 1.25;
  private static final double LEAST_OF_THE_REST = 0.6;
  private static final double LONGEST_SECONDS = 2;
  private static final Duration MEASURED = Duration.ofSeconds(30);
  private static final Duration SETTLING = Duration.ofSeconds(10);
  private static final int SECONDS = 30;

  /** Of lines at the callers' capacity: so long the batch runs alone before they come. */
  private static final int ALONE_SECONDS = 5;

  /** From here on callers are taken to be served as steadily as they will be. */
  private static final int STEADY = 10;

  /** Enough for all that is measured. */
  private static final int BATCH_SECONDS = 240;

  @Override
  public String scenario() {
    return "jobs-beside-callers";
  }

  @Override
  public List<Bar> run(ChaosFleet fleet, ChaosSettings settings)
      throws IOException, InterruptedException {
    JobFleet jobs = new JobFleet(fleet, JobFleet.MINILM, null);
    TextLines lines = TextLines.known(jobs.gateway());
    int port = jobs.gateway().port();
    Traffic.Call call = TextLines.call(0);
    double capacity = Traffic.capacity(port, call, settings.warmUp());
    int count = (int) (BATCH_SECONDS * capacity);
    settings.say("%.0f requests a second, %d lines".formatted(capacity, count));
    Path input = lines.write(fleet.logs().resolve("input.jsonl"), count);
    List<Bar> bars = new ArrayList<>();
    try (GatewayCalls calls =
        new GatewayCalls(jobs.gateway().base(), null, new Random(settings.seed()))) {
      WatchedBatch batch;
      try (Traffic traffic = Traffic.open(port, call, HALF * capacity)) {
        traffic.during(SETTLING);
        Window without = traffic.during(MEASURED);
        batch = WatchedBatch.submit(calls, jobs, input, lines);
        batch.awaitDone(1);
        traffic.during(SETTLING);
        long answered = fleet.executed(jobs.replica(), JobFleet.MINILM);
        Window with = traffic.during(MEASURED);
        answered = fleet.executed(jobs.replica(), JobFleet.MINILM) - answered;
        bars.addAll(beside(without, with, answered, capacity));
      }
      batch.awaitMore((int) (ALONE_SECONDS * capacity));
      bars.addAll(coming(port, NEARLY_ALL * capacity, settings));
      bars.add(
          new Bar("the batch still ran", "yes", batch.isEnded() ? "no" : "yes", !batch.isEnded()));
      calls.cancel(batch.id());
    }
    return bars;
  }

  /**
   * Of callers who take half.
   *
   * @param answered with the batch, its lines too
   */
  private static List<Bar> beside(Window without, Window with, long answered, double capacity) {
    double linesPerSecond = (answered - with.succeeded()) * 1e9 / with.nanos();
    double left = capacity - with.perSecond();
    return List.of(
        Bar.atMost(
            "p99 at half of the load, with a batch over without",
            MOST_P99,
            with.millis(99) / without.millis(99),
            ""),
        Bar.atLeast(
            "lines a second over what callers leave", LEAST_OF_THE_REST, linesPerSecond / left, ""),
        Bar.shown(
            "p99 without, with; lines a second",
            "%.1f, %.1f ms; %.0f of %.0f"
                .formatted(without.millis(99), with.millis(99), linesPerSecond, left)),
        Bar.atMost("callers' failures", 0, (double) (without.failed() + with.failed()), ""));
  }

  /** Of callers who come to a batch that has all to itself. */
  private static List<Bar> coming(int port, double perSecond, ChaosSettings settings)
      throws IOException, InterruptedException {
    List<Window> seconds = new ArrayList<>();
    try (Traffic traffic = Traffic.open(port, TextLines.call(0), perSecond)) {
      for (int second = 0; second < SECONDS; second++) {
        seconds.add(traffic.during(Duration.ofSeconds(1)));
      }
    }
    double steady = Window.join(seconds.subList(STEADY, SECONDS)).millis(99);
    int first = 0;
    while (first < STEADY && seconds.get(first).millis(99) > MOST_P99 * steady) {
      first++;
    }
    settings.say(
        "p99 by second: "
            + seconds.stream().map(each -> "%.0f".formatted(each.millis(99))).toList());
    return List.of(
        Bar.atMost(
            "callers from none to nine tenths: served steadily after",
            LONGEST_SECONDS,
            first + 1,
            " s"),
        Bar.shown("steady p99", "%.1f ms".formatted(steady)));
  }
}
