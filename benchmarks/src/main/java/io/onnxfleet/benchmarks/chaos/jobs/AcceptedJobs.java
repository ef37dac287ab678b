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
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * The job service is killed within five milliseconds after it has accepted work: in turn a single
 * request and a batch.
 */
enum AcceptedJobs implements Scenario {
  EMBEDDED("jobs-accepted-h2", false),
  SHARED("jobs-accepted", true);

  private static final int LATEST_NANOS = 5_000_000;
  private static final DoubledLines LINES = new DoubledLines(1);

  private final String name;
  private final boolean onPostgresql;

  AcceptedJobs(String name, boolean onPostgresql) {
    this.name = name;
    this.onPostgresql = onPostgresql;
  }

  @Override
  public String scenario() {
    return name;
  }

  @Override
  public List<Bar> run(ChaosFleet fleet, ChaosSettings settings)
      throws IOException, InterruptedException {
    fleet.processes().startingSoon();
    Path programs = onPostgresql ? settings.jobs().postgresql() : null;
    JobFleet jobs = new JobFleet(fleet, JobFleet.DOUBLED, programs);
    Random random = new Random(settings.seed());
    try (GatewayCalls calls = new GatewayCalls(jobs.gateway().base(), null, random);
        SingleCalls single = new SingleCalls(jobs.gateway())) {
      Path input = LINES.write(fleet.logs().resolve("input.jsonl"), 1);
      List<String> accepted = new ArrayList<>();
      List<WatchedBatch> batches = new ArrayList<>();
      for (int round = 0; round < settings.jobs().accepted(); round++) {
        if (round % 2 == 0) {
          accepted.add(single.submit(LINES.url(), LINES.body(round)));
        } else {
          batches.add(WatchedBatch.submit(calls, jobs, input, LINES));
        }
        Thread.sleep(Duration.ofNanos(random.nextInt(LATEST_NANOS)));
        jobs.kill(Member.JOBS);
        jobs.awaitJobs();
      }
      int lost = 0;
      for (int job = 0; job < accepted.size(); job++) {
        lost += LINES.isAnswer(2 * job, single.result(accepted.get(job))) ? 0 : 1;
      }
      int unanswered = 0;
      for (WatchedBatch batch : batches) {
        BatchView ended = batch.awaitEnd();
        unanswered += ended.isCompleted() && ended.completed() == 1 ? 0 : 1;
      }
      return List.of(
          Bar.atMost("lost of %d single requests".formatted(accepted.size()), 0, lost, ""),
          Bar.atMost("lost of %d batches".formatted(batches.size()), 0, unanswered, ""));
    }
  }
}
