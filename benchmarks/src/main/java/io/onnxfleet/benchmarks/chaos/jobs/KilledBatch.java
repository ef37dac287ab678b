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
  ALL("jobs-killed", JobFleet.DOUBLED) {
    @Override
    Map<Member, Integer> kills(int each) {
      return Map.of(
          Member.JOBS, each, Member.GATEWAY, each, Member.REPLICA, each, Member.POSTGRESQL, each);
    }
  },
  /** Each kind too, the job service twice as often, with its state in H2. */
  EMBEDDED("jobs-killed-h2", JobFleet.DOUBLED) {
    @Override
    Map<Member, Integer> kills(int each) {
      return Map.of(Member.JOBS, 2 * each, Member.GATEWAY, each, Member.REPLICA, each);
    }
  },
  /** The job service, while a model works that takes its time: of three for a hundred lines. */
  MINILM("jobs-killed-minilm", JobFleet.MINILM) {
    @Override
    Map<Member, Integer> kills(int each) {
      return Map.of(Member.JOBS, 3);
    }
  };

  /** Kills come up to so long after the batch has come so far: while it makes and keeps answers. */
  private static final int LATEST_MILLIS = 300;

  private final String name;
  private final String model;

  KilledBatch(String name, String model) {
    this.name = name;
    this.model = model;
  }

  @Override
  public String scenario() {
    return name;
  }

  /** Whom, and how often, where that many of each kind are wanted. */
  abstract Map<Member, Integer> kills(int each);

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
    Map<Member, Integer> kills = kills(settings.jobs().kills());
    Path programs = kills.containsKey(Member.POSTGRESQL) ? settings.jobs().postgresql() : null;
    JobFleet jobs = new JobFleet(fleet, model, programs);
    boolean isOfTexts = model.equals(JobFleet.MINILM);
    Lines lines = isOfTexts ? TextLines.known(jobs.gateway()) : new DoubledLines(1);
    int count = settings.jobs().lines();
    count = isOfTexts ? Math.max(1, count * 3 / 100) : count;
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
