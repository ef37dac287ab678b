package io.onnxfleet.jobs.batch;

import io.onnxfleet.contract.api.ErrorCode;
import io.onnxfleet.contract.fleet.WorkOwner;
import io.onnxfleet.jobs.failure.JobException;
import io.onnxfleet.jobs.file.FilePart;
import io.onnxfleet.jobs.file.FileRecords;
import io.onnxfleet.jobs.file.ListedIds;
import io.onnxfleet.jobs.file.Page;
import io.onnxfleet.jobs.file.StoredFile;
import io.onnxfleet.jobs.lines.CheckedInput;
import io.onnxfleet.jobs.lines.LineError;
import io.onnxfleet.jobs.lines.Region;
import io.onnxfleet.jobs.quota.Quotas;
import io.onnxfleet.jobs.webhook.EventType;
import io.onnxfleet.jobs.webhook.Webhooks;
import java.time.InstantSource;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.transaction.support.TransactionTemplate;

/**
 * What is done with batches, each thing in one transaction.
 *
 * <p>INVARIANT: a batch's counts, its slices' results and what is scheduled change together. A
 * slice has one result: that of who took it last. A line is in that result once, so it is in the
 * batch's files once, however often it was asked. A batch ends in the transaction that settles its
 * last slice; its files are then the slices' objects, in line order. Whoever is to be told of its
 * end is noted in the same transaction.
 *
 * <p>Of one batch a few slices are queued at a time, and the next one when one is settled: what
 * comes later and is small does not wait for all of what came before. Thread-safe.
 */
public final class Batches {
  private final BatchRecords records;
  private final SliceRecords slices;
  private final FileRecords files;
  private final Quotas quotas;
  private final BatchSchedule schedule;
  private final Webhooks webhooks;
  private final TransactionTemplate transactions;
  private final ListedIds ids;
  private final InstantSource clock;
  private final int queued;

  Batches(
      BatchRecords records,
      SliceRecords slices,
      FileRecords files,
      Quotas quotas,
      BatchSchedule schedule,
      Webhooks webhooks,
      TransactionTemplate transactions,
      ListedIds ids,
      InstantSource clock,
      int queued) {
    this.records = records;
    this.slices = slices;
    this.files = files;
    this.quotas = quotas;
    this.schedule = schedule;
    this.webhooks = webhooks;
    this.transactions = transactions;
    this.ids = ids;
    this.clock = clock;
    this.queued = queued;
  }

  private long now() {
    return clock.instant().getEpochSecond();
  }

  // ---------------------------------------------------------------- what callers do

  /** Takes a batch in. Returns when it would survive. */
  public Batch create(WorkOwner owner, String statement, BatchRequest request) {
    String id = ids.next(Batch.PREFIX);
    quotas.know(owner.name());
    transactions.executeWithoutResult(
        transaction -> {
          quotas.requireBatch(owner.name());
          StoredFile input = input(owner, request.inputFileId());
          long now = now();
          records.add(
              new Batch(
                  id,
                  owner.name(),
                  statement,
                  request.endpoint(),
                  input.id(),
                  files.parts(input.id()).getFirst().object(),
                  request.completionWindow(),
                  request.metadata(),
                  BatchStatus.VALIDATING,
                  null,
                  null,
                  Batch.Counts.NONE,
                  0,
                  0,
                  null,
                  null,
                  new Batch.Times(
                      now,
                      now + request.window().toSeconds(),
                      null,
                      null,
                      null,
                      null,
                      null,
                      null,
                      null)));
          schedule.validate(id);
        });
    return records.find(id).orElseThrow();
  }

  private StoredFile input(WorkOwner owner, String id) {
    StoredFile input =
        files
            .lock(id, WorkOwner.named(owner.name()))
            .orElseThrow(
                () ->
                    JobException.invalid(
                        "input_file_id",
                        "input_file_id: no such file (expected: the id of one of yours)"));
    if (!input.purpose().equals(StoredFile.INPUT)) {
      throw JobException.invalid(
          "input_file_id",
          "input_file_id: a file for '%s' (expected: for '%s')"
              .formatted(input.purpose(), StoredFile.INPUT));
    }
    return input;
  }

  public Batch get(String id, WorkOwner viewer) {
    return records.find(id, viewer).orElseThrow(Batches::unknown);
  }

  /** A page, and one more if there is one. */
  public List<Batch> list(Page page) {
    return records.list(page);
  }

  /** Has a batch end early. One that is cancelled already stays so. */
  public Batch cancel(String id, WorkOwner viewer) {
    transactions.executeWithoutResult(
        transaction -> {
          get(id, viewer);
          Batch batch = records.lock(id).orElseThrow(Batches::unknown);
          if (batch.status() == BatchStatus.CANCELLED) {
            return;
          }
          if (batch.status().isEnd()) {
            throw new JobException(
                ErrorCode.BATCH_ENDED,
                "the batch is %s (expected: one that has not ended)"
                    .formatted(batch.status().label()));
          }
          records.end(id, Ending.CANCELLED, null, now());
        });
    return get(id, viewer);
  }

  private static JobException unknown() {
    return new JobException(
        ErrorCode.BATCH_NOT_FOUND, "no such batch (expected: the id of one of yours)");
  }

  // ---------------------------------------------------------------- what is done for them

  /** The batch as it is now, if there is one. */
  public Optional<Batch> find(String id) {
    return records.find(id);
  }

  /** How many bytes its input had when it was uploaded; 0 if there is no such file. */
  public long inputSize(Batch batch) {
    return files.parts(batch.inputFileId()).stream().mapToLong(FilePart::size).sum();
  }

  /**
   * Cuts a batch into slices, or ends it.
   *
   * @param input what its file was found to be; null if the batch ends early anyway
   */
  public void validated(String id, @Nullable CheckedInput input) {
    transactions.executeWithoutResult(
        transaction -> {
          Batch batch = records.lock(id).orElse(null);
          if (batch == null || batch.status() != BatchStatus.VALIDATING) {
            return;
          }
          Ending ending = endingOf(batch);
          if (ending != null) {
            finish(batch, ending.status(), batch.errors(), null, null);
          } else if (input != null && !input.errors().isEmpty()) {
            finish(batch, BatchStatus.FAILED, ErrorList.json(input.errors()), null, null);
          } else if (input != null) {
            begin(id, input);
          }
        });
  }

  private void begin(String id, CheckedInput input) {
    List<Region> regions = input.regions();
    slices.add(id, regions, queued);
    records.begin(id, input.lines(), regions.size(), now());
    for (int slice = 0; slice < Math.min(queued, regions.size()); slice++) {
      schedule.work(id, slice);
    }
  }

  /** Why it ends early, as it stands now; null if it does not. */
  public @Nullable Ending endingOf(Batch batch) {
    Ending ending = batch.ending();
    return ending == null && now() >= batch.times().expires() ? Ending.EXPIRED : ending;
  }

  /** Takes a slice, unless it is settled. */
  public Optional<Slice> take(String batchId, int slice) {
    return Objects.requireNonNull(transactions.execute(transaction -> slices.take(batchId, slice)));
  }

  /** Makes it the slice's result; false if it comes too late, and its objects are nobody's. */
  public boolean settle(Slice slice, SliceResult result) {
    return Boolean.TRUE.equals(
        transactions.execute(
            transaction -> {
              Batch batch = records.lock(slice.batchId()).orElse(null);
              if (batch == null || !slices.settle(slice, result)) {
                return false;
              }
              records.count(slice.batchId(), result);
              Integer next = slices.queueNext(slice.batchId());
              if (next != null) {
                schedule.work(slice.batchId(), next);
              }
              if (batch.openSlices() == 1) {
                finish(batch, batch.counts().failed() + result.failed());
              }
              return true;
            }));
  }

  private void finish(Batch batch, int failed) {
    String id = batch.id();
    String output = file(batch, slices.outputSize(id), "output");
    if (output != null) {
      slices.moveOutput(id, output);
    }
    String errors = file(batch, slices.errorSize(id), "error");
    if (errors != null) {
      slices.moveErrors(id, errors);
    }
    slices.remove(id);
    Ending ending = endingOf(batch, failed);
    finish(
        batch,
        ending == null ? BatchStatus.COMPLETED : ending.status(),
        batch.errors(),
        output,
        errors);
  }

  /** Ends it for good, and has others told. */
  private void finish(
      Batch batch,
      BatchStatus end,
      @Nullable String errors,
      @Nullable String outputFile,
      @Nullable String errorFile) {
    records.finish(batch.id(), end, errors, outputFile, errorFile, now());
    webhooks.announce(eventOf(end), batch.id(), batch.owner());
  }

  private static EventType eventOf(BatchStatus end) {
    return switch (end) {
      case COMPLETED -> EventType.BATCH_COMPLETED;
      case FAILED -> EventType.BATCH_FAILED;
      case EXPIRED -> EventType.BATCH_EXPIRED;
      case CANCELLED -> EventType.BATCH_CANCELLED;
      case VALIDATING, IN_PROGRESS ->
          throw new IllegalArgumentException(end.label() + " (expected: an end)");
    };
  }

  /** A batch whose lines were all answered in time has not expired, even if it is late now. */
  private static @Nullable Ending endingOf(Batch batch, int failed) {
    return failed == 0 && batch.ending() == Ending.EXPIRED ? null : batch.ending();
  }

  private @Nullable String file(Batch batch, long size, String which) {
    if (size == 0) {
      return null;
    }
    String id = ids.next(StoredFile.PREFIX);
    files.add(
        new StoredFile(
            id,
            batch.owner(),
            StoredFile.OUTPUT,
            "%s_%s.jsonl".formatted(batch.id(), which),
            size,
            now()));
    return id;
  }

  /** Its completion window has ended: what is not answered will not be. */
  public void expire(String id) {
    transactions.executeWithoutResult(
        transaction -> {
          records.lock(id);
          records.end(id, Ending.EXPIRED, null, null);
        });
  }

  /** Its input is not what it was: nobody can answer what is left of it. */
  public void loseInput(String id) {
    fail(
        id,
        "input_lost",
        "the store has lost the batch's input, or a part of it (expected: as it was uploaded)");
  }

  /**
   * It ends early, and some of its lines will be in none of its files.
   *
   * @param code what programs tell the reason by
   */
  public void explain(String id, String code, String message) {
    transactions.executeWithoutResult(
        transaction -> {
          records.lock(id);
          records.explain(id, list(code, message));
        });
  }

  /**
   * The owner may not have it done any more.
   *
   * @param code what programs tell the reason by
   */
  public void fail(String id, String code, String message) {
    transactions.executeWithoutResult(
        transaction -> {
          records.lock(id);
          records.end(id, Ending.FAILED, list(code, message), null);
        });
  }

  private static String list(String code, String message) {
    return ErrorList.json(List.of(new LineError(code, message, null, null)));
  }
}
