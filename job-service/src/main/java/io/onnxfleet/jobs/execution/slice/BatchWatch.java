package io.onnxfleet.jobs.execution.slice;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.onnxfleet.jobs.batch.Batch;
import io.onnxfleet.jobs.batch.Batches;
import io.onnxfleet.jobs.batch.Ending;
import io.onnxfleet.jobs.execution.Pauses;
import io.onnxfleet.jobs.execution.StoppingException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import org.jspecify.annotations.Nullable;

/** Looks once in a while whether a batch ends early. Thread-safe. */
final class BatchWatch {
  private static final Duration INTERVAL = Duration.ofMillis(500);

  private final Batches batches;
  private final String id;
  private final Pauses pauses;
  private final InstantSource clock;

  @GuardedBy("this")
  private Instant lookAt = Instant.MIN;

  @GuardedBy("this")
  private @Nullable Ending ending;

  BatchWatch(Batches batches, String id, Pauses pauses, InstantSource clock) {
    this.batches = batches;
    this.id = id;
    this.pauses = pauses;
    this.clock = clock;
  }

  /**
   * Why the batch ends early; null if it goes on.
   *
   * @throws StoppingException if this process ends
   */
  synchronized @Nullable Ending ending() throws StoppingException {
    pauses.requireGoing();
    Instant now = clock.instant();
    if (ending == null && !now.isBefore(lookAt)) {
      lookAt = now.plus(INTERVAL);
      Batch batch = batches.find(id).orElse(null);
      ending = batch == null ? Ending.CANCELLED : batches.endingOf(batch);
      if (ending == Ending.EXPIRED) {
        batches.expire(id);
      }
    }
    return ending;
  }

  /** The next look is at once. */
  synchronized void lookAgain() {
    lookAt = Instant.MIN;
  }
}
