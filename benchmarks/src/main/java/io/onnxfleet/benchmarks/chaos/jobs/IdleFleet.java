package io.onnxfleet.benchmarks.chaos.jobs;

import io.onnxfleet.benchmarks.chaos.bar.Bar;
import io.onnxfleet.benchmarks.chaos.scenario.ChaosFleet;
import io.onnxfleet.benchmarks.chaos.scenario.ChaosSettings;
import io.onnxfleet.benchmarks.chaos.scenario.Scenario;
import io.onnxfleet.benchmarks.chaos.scenario.Traffic;
import io.onnxfleet.launcher.jobs.BatchView;
import io.onnxfleet.launcher.jobs.GatewayCalls;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * A batch alone on a fleet, over what callers get who ask the same without a pause. Both are
 * measured when the processes have compiled what they need: a smaller batch goes before.
 */
final class IdleFleet implements Scenario {
  private static final double LEAST = 0.95;
  private static final int CALLERS = 32;
  private static final Duration MEASURED = Duration.ofSeconds(20);
  private static final int FIRST_SECONDS = 40;
  private static final int BATCH_SECONDS = 60;

  @Override
  public String scenario() {
    return "jobs-idle";
  }

  @Override
  public List<Bar> run(ChaosFleet fleet, ChaosSettings settings)
      throws IOException, InterruptedException {
    JobFleet jobs = new JobFleet(fleet, JobFleet.MINILM, null);
    TextLines lines = TextLines.known(jobs.gateway());
    double before = callers(jobs, settings.warmUp());
    int few = (int) (before * FIRST_SECONDS);
    int count = (int) (before * BATCH_SECONDS);
    settings.say("%.0f requests a second of callers, %d lines".formatted(before, count));
    Path first = lines.write(fleet.logs().resolve("first.jsonl"), few);
    Path input = lines.write(fleet.logs().resolve("input.jsonl"), count);
    try (GatewayCalls calls =
        new GatewayCalls(jobs.gateway().base(), null, new Random(settings.seed()))) {
      double cold = batch(calls, jobs, first, lines, few).perSecond;
      settings.say("%.0f lines a second of the first batch".formatted(cold));
      before = Math.max(before, callers(jobs, Duration.ofSeconds(2)));
      Ran ran = batch(calls, jobs, input, lines, count);
      double best = Math.max(before, callers(jobs, Duration.ofSeconds(2)));
      List<Bar> bars = new ArrayList<>(Verdict.of(calls, ran.ended, lines, count));
      bars.add(
          Bar.atLeast("lines a second over the callers' best", LEAST, ran.perSecond / best, ""));
      bars.add(
          Bar.shown("lines, callers' best a second", "%.0f, %.0f".formatted(ran.perSecond, best)));
      return bars;
    }
  }

  private record Ran(BatchView ended, double perSecond) {}

  private static Ran batch(
      GatewayCalls calls, JobFleet jobs, Path input, TextLines lines, int count)
      throws IOException, InterruptedException {
    long began = System.nanoTime();
    BatchView ended = WatchedBatch.submit(calls, jobs, input, lines).awaitEndUndisturbed();
    return new Ran(ended, count * 1e9 / (System.nanoTime() - began));
  }

  private static double callers(JobFleet jobs, Duration warmUp)
      throws IOException, InterruptedException {
    try (Traffic traffic = Traffic.closed(jobs.gateway().port(), TextLines.call(0), CALLERS)) {
      traffic.during(warmUp);
      return traffic.during(MEASURED).perSecond();
    }
  }
}
