package io.onnxfleet.jobs.execution.slice;

import io.onnxfleet.jobs.batch.Batch;
import io.onnxfleet.jobs.batch.BatchStatus;
import io.onnxfleet.jobs.batch.Batches;
import io.onnxfleet.jobs.execution.BusyException;
import io.onnxfleet.jobs.execution.Pauses;
import io.onnxfleet.jobs.execution.StoppingException;
import io.onnxfleet.jobs.lines.ChangedInputException;
import io.onnxfleet.jobs.lines.CheckedInput;
import io.onnxfleet.jobs.lines.InputCheck;
import io.onnxfleet.jobs.quota.OwnerShares;
import io.onnxfleet.jobs.store.ObjectStore;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.time.Duration;
import java.time.InstantSource;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Judges a batch's input before any line of it is asked. Many or large inputs of one owner keep
 * nobody else's from being judged. Blocks. Thread-safe.
 */
final class ValidationWork {
  private static final Logger LOGGER = LoggerFactory.getLogger(ValidationWork.class);

  private static final Duration PAUSE = Duration.ofSeconds(2);

  private final Batches batches;
  private final ObjectStore store;
  private final InputCheck check;
  private final OwnerShares shares;
  private final Pauses pauses;
  private final InstantSource clock;

  /**
   * Judges inputs.
   *
   * @param shares of inputs at a time: each is in memory by its ids
   */
  ValidationWork(
      Batches batches,
      ObjectStore store,
      InputCheck check,
      OwnerShares shares,
      Pauses pauses,
      InstantSource clock) {
    this.batches = batches;
    this.store = store;
    this.check = check;
    this.shares = shares;
    this.pauses = pauses;
    this.clock = clock;
  }

  /**
   * Judges a batch, unless it was.
   *
   * @throws BusyException if others have their turn
   */
  void run(String batchId) throws IOException, StoppingException, BusyException {
    Batch batch = batches.find(batchId).orElse(null);
    if (batch == null || batch.status() != BatchStatus.VALIDATING) {
      return;
    }
    BatchWatch watch = new BatchWatch(batches, batchId, pauses, clock);
    // A batch that ends early does so even if its input cannot be read.
    if (watch.ending() != null) {
      batches.validated(batchId, null);
      return;
    }
    if (!shares.enter(batch.owner())) {
      throw new BusyException(PAUSE);
    }
    try {
      CheckedInput input = check(batch, watch);
      pauses.requireGoing();
      batches.validated(batchId, input);
    } finally {
      shares.leave(batch.owner());
    }
  }

  private @Nullable CheckedInput check(Batch batch, BatchWatch watch) throws IOException {
    try {
      return check.check(
          store.open(batch.inputObject()),
          batches.inputSize(batch),
          batch.endpoint(),
          () -> isOver(watch));
    } catch (ChangedInputException changed) {
      LOGGER.error("the input of {} is not as it was: {}", batch.id(), changed.getMessage());
      batches.loseInput(batch.id());
      return null;
    } catch (NoSuchFileException gone) {
      if (!store.isLost(batch.inputObject())) {
        throw gone;
      }
      batches.loseInput(batch.id());
      return null;
    }
  }

  private static boolean isOver(BatchWatch watch) {
    try {
      return watch.ending() != null;
    } catch (StoppingException stopping) {
      return true;
    }
  }
}
