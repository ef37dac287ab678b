package io.onnxfleet.benchmarks.chaos.jobs;

import io.onnxfleet.launcher.jobs.BatchView;
import io.onnxfleet.launcher.jobs.GatewayCalls;
import io.onnxfleet.launcher.process.Await;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A batch that is looked at while whoever answers may be gone. For one thread. */
final class WatchedBatch {
  private static final String WINDOW = "24h";
  private static final Await AWAIT = new Await(Duration.ofHours(2), Duration.ofMillis(200));

  private final GatewayCalls calls;
  private final JobFleet fleet;
  private final String id;
  private @Nullable BatchView last;

  private WatchedBatch(GatewayCalls calls, JobFleet fleet, String id) {
    this.calls = calls;
    this.fleet = fleet;
    this.id = id;
  }

  /** Uploads an input, and makes a batch of it. */
  static WatchedBatch submit(GatewayCalls calls, JobFleet fleet, Path input, Lines lines)
      throws IOException, InterruptedException {
    String id = calls.create(calls.upload(input), lines.url(), WINDOW);
    return new WatchedBatch(calls, fleet, id);
  }

  String id() {
    return id;
  }

  /** Whether it was seen to have ended. */
  boolean isEnded() {
    BatchView seen = last;
    return seen != null && seen.isEnded();
  }

  /** Lines that were seen to be done. */
  long done() {
    BatchView seen = last;
    return seen == null ? 0 : seen.done();
  }

  /** Waits until so many lines are done, or it has ended; processes that end come back. */
  void awaitDone(int lines) throws IOException, InterruptedException {
    AWAIT.until(
        lines + " lines are done",
        () -> {
          look();
          return done() >= lines || isEnded();
        });
  }

  /** Waits until so many more lines are done than are now, or it has ended. */
  void awaitMore(int lines) throws IOException, InterruptedException {
    look();
    awaitDone((int) done() + lines);
  }

  /** Waits until it has ended; processes that end come back. */
  BatchView awaitEnd() throws IOException, InterruptedException {
    return awaitEnd(AWAIT);
  }

  /** The same, with fewer looks: each costs as much as a line. */
  BatchView awaitEndUndisturbed() throws IOException, InterruptedException {
    return awaitEnd(new Await(AWAIT.limit(), Duration.ofSeconds(1)));
  }

  private BatchView awaitEnd(Await await) throws IOException, InterruptedException {
    await.until(
        "the batch ends",
        () -> {
          look();
          return isEnded();
        });
    return Objects.requireNonNull(last);
  }

  private void look() throws IOException, InterruptedException {
    fleet.revive();
    try {
      last = calls.batch(id);
    } catch (GatewayCalls.ForNowException unanswered) {
      // What was seen before holds.
    }
  }
}
