package io.onnxfleet.benchmarks.chaos.jobs;

import io.onnxfleet.benchmarks.chaos.bar.Bar;
import io.onnxfleet.benchmarks.chaos.jobs.JobFleet.Member;
import io.onnxfleet.benchmarks.chaos.scenario.ChaosFleet;
import io.onnxfleet.benchmarks.chaos.scenario.ChaosSettings;
import io.onnxfleet.benchmarks.chaos.scenario.Scenario;
import io.onnxfleet.launcher.jobs.BatchView;
import io.onnxfleet.launcher.jobs.GatewayCalls;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** Processes are killed at seeded moments of one batch, and each line is answered once. */
enum KilledBatch implements Scenario {
  /** Each kind of process, on PostgreSQL. */
  ALL("jobs-killed") {
    @Override
    int lines(ChaosSettings settings) {
      return settings.jobs().lines();
    }

    @Override
    Map<Member, Integer> kills(ChaosSettings settings) {
      int each = settings.jobs().kills();
      return Map.of(
          Member.JOBS, each, Member.GATEWAY, each, Member.REPLICA, each, Member.POSTGRESQL, each);
    }
  },
  /** Each kind too, the job service twice as often, with its state in H2. */
  EMBEDDED("jobs-killed-h2") {
    @Override
    int lines(ChaosSettings settings) {
      return settings.jobs().lines();
    }

    @Override
    Map<Member, Integer> kills(ChaosSettings settings) {
      int each = settings.jobs().kills();
      return Map.of(Member.JOBS, 2 * each, Member.GATEWAY, each, Member.REPLICA, each);
    }
  },
  /** The job service, while a model works that takes its time. */
  MINILM("jobs-killed-minilm") {
    @Override
    int lines(ChaosSettings settings) {
      return Math.max(1, settings.jobs().lines() * 3 / 100);
    }

    @Override
    Map<Member, Integer> kills(ChaosSettings settings) {
      return Map.of(Member.JOBS, 3);
    }
  };

  private static final int WORDS = 30;

  /** Kills come up to so long after the batch has come so far: while it makes and keeps answers. */
  private static final int LATEST_MILLIS = 300;

  private final String name;

  KilledBatch(String name) {
    this.name = name;
  }

  @Override
  public String scenario() {
    return name;
  }

  abstract int lines(ChaosSettings settings);

  abstract Map<Member, Integer> kills(ChaosSettings settings);

  /**
   * A process's end.
   *
   * @param line so many lines are done before
   * @param millis and so long ago
   */
  private record Kill(Member member, int line, int millis) {}

  @Override
  public List<Bar> run(ChaosFleet fleet, ChaosSettings settings)
      throws IOException, InterruptedException {
    fleet.processes().startingSoon();
    Map<Member, Integer> kills = kills(settings);
    Path programs = kills.containsKey(Member.POSTGRESQL) ? settings.jobs().postgresql() : null;
    JobFleet jobs =
        new JobFleet(fleet, this == MINILM ? JobFleet.MINILM : JobFleet.DOUBLED, programs);
    Lines lines = linesOf(jobs);
    int count = lines(settings);
    Random random = new Random(settings.seed());
    List<Kill> moments = moments(kills, count, random);
    settings.say("seed %d, %d lines, kills: %s".formatted(settings.seed(), count, moments));
    Path input = lines.write(fleet.logs().resolve("input.jsonl"), count);
    try (GatewayCalls calls = new GatewayCalls(jobs.gateway().base(), null, random)) {
      WatchedBatch batch = WatchedBatch.submit(calls, jobs, input, lines);
      long began = System.nanoTime();
      int killed = 0;
      for (Kill kill : moments) {
        batch.awaitDone(kill.line);
        killed += batch.isEnded() ? 0 : 1;
        Thread.sleep(kill.millis);
        jobs.kill(kill.member);
      }
      BatchView ended = batch.awaitEnd();
      double seconds = (System.nanoTime() - began) / 1e9;
      jobs.awaitJobs();
      List<Bar> bars = new ArrayList<>();
      bars.add(Bar.shown("killed under way", "%d of %d".formatted(killed, moments.size())));
      bars.addAll(Verdict.of(calls, ended, lines, count));
      bars.add(
          Bar.shown("took", "%.0f s, %.0f lines a second".formatted(seconds, count / seconds)));
      return bars;
    }
  }

  private Lines linesOf(JobFleet jobs) throws IOException, InterruptedException {
    return this == MINILM
        ? TextLines.known(jobs.gateway(), JobFleet.MINILM, WORDS)
        : new DoubledLines(1);
  }

  /** In the order in which they come, all before nine tenths of the lines are done. */
  private static List<Kill> moments(Map<Member, Integer> kills, int lines, Random random) {
    List<Kill> moments = new ArrayList<>();
    for (Member member : Member.values()) {
      for (int kill = 0; kill < kills.getOrDefault(member, 0); kill++) {
        int line = (int) (0.9 * lines * random.nextDouble());
        moments.add(new Kill(member, line, random.nextInt(LATEST_MILLIS)));
      }
    }
    moments.sort(Comparator.comparingInt(Kill::line));
    return moments;
  }
}
