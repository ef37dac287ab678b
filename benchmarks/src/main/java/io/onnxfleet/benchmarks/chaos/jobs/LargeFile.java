package io.onnxfleet.benchmarks.chaos.jobs;

import io.onnxfleet.benchmarks.chaos.bar.Bar;
import io.onnxfleet.benchmarks.chaos.scenario.ChaosFleet;
import io.onnxfleet.benchmarks.chaos.scenario.ChaosSettings;
import io.onnxfleet.benchmarks.chaos.scenario.Scenario;
import io.onnxfleet.launcher.jobs.BatchView;
import io.onnxfleet.launcher.jobs.GatewayCalls;
import io.onnxfleet.testing.process.Running;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/** What a file costs in memory that goes up, runs and comes down, and is larger than any heap. */
final class LargeFile implements Scenario {
  private static final double MOST_MEGABYTES = 100;
  private static final String HEAP = "256m";

  /** A line of about 20 KB. */
  private static final DoubledLines LINES = new DoubledLines(2000);

  /** Lines after which a process is taken to have what it needs at rest. */
  private static final int BEFORE = 2000;

  @Override
  public String scenario() {
    return "jobs-large-file";
  }

  @Override
  public List<Bar> run(ChaosFleet fleet, ChaosSettings settings)
      throws IOException, InterruptedException {
    fleet.processes().withHeap(HEAP);
    JobFleet jobs = new JobFleet(fleet, JobFleet.DOUBLED, null);
    try (GatewayCalls calls =
        new GatewayCalls(jobs.gateway().base(), null, new Random(settings.seed()))) {
      Path few = LINES.write(fleet.logs().resolve("input.jsonl"), BEFORE);
      long lineBytes = Files.size(few) / BEFORE;
      WatchedBatch.submit(calls, jobs, few, LINES).awaitEnd();
      long gatewayAtRest = jobs.gateway().residentBytes();
      long jobsAtRest = jobs.jobs().residentBytes();
      int count = (int) (settings.jobs().fileBytes() / lineBytes);
      settings.say("%d lines of %d bytes".formatted(count, lineBytes));
      Path input = LINES.write(fleet.logs().resolve("input.jsonl"), count);
      List<Bar> bars = new ArrayList<>();
      try (Highest ofGateway = new Highest(jobs.gateway());
          Highest ofJobs = new Highest(jobs.jobs())) {
        long began = System.nanoTime();
        BatchView ended = WatchedBatch.submit(calls, jobs, input, LINES).awaitEnd();
        double seconds = (System.nanoTime() - began) / 1e9;
        bars.addAll(Verdict.of(calls, ended, LINES, count));
        bars.add(grown("gateway", ofGateway.bytes(), gatewayAtRest));
        bars.add(grown("job service", ofJobs.bytes(), jobsAtRest));
        bars.add(
            Bar.shown(
                "up and run", "%.0f s, %.0f lines a second".formatted(seconds, count / seconds)));
      } finally {
        Files.delete(input);
      }
      return bars;
    }
  }

  private static Bar grown(String process, long highest, long atRest) {
    return Bar.atMost(
        process + " over %.0f MB at rest".formatted(atRest / 1e6),
        MOST_MEGABYTES,
        (highest - atRest) / 1e6,
        " MB");
  }

  /** The most that a process had in memory while this was open. Thread-safe. */
  private static final class Highest implements AutoCloseable {
    private static final long EVERY_MILLIS = 100;

    private final Thread sampler;
    private final AtomicBoolean over = new AtomicBoolean();
    private volatile long bytes;

    Highest(Running process) {
      sampler = Thread.ofVirtual().start(() -> sample(process));
    }

    private void sample(Running process) {
      try {
        while (!over.get()) {
          bytes = Math.max(bytes, process.residentBytes());
          TimeUnit.MILLISECONDS.sleep(EVERY_MILLIS);
        }
      } catch (IOException | InterruptedException ended) {
        bytes = Long.MAX_VALUE;
      }
    }

    /** The greatest number if the process ended. */
    long bytes() {
      return bytes;
    }

    @Override
    public void close() {
      over.set(true);
      try {
        sampler.join();
      } catch (InterruptedException interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
