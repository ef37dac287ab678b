package io.onnxfleet.jobs.retention;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.onnxfleet.jobs.file.FilePart;
import io.onnxfleet.jobs.quota.Quotas;
import io.onnxfleet.jobs.retention.RetentionRecords.Ended;
import io.onnxfleet.jobs.store.ObjectStore;
import java.time.Duration;
import java.time.InstantSource;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Removes what was kept long enough: a batch or a single request so long after it has ended, with
 * its files or its answer, and a file that no batch knows so long after it came. Where the store
 * has more than it may, what ended first goes first, then files that no batch knows. Guarantees
 * that nothing goes that a batch reads which has not ended, and that a single request's answer is
 * there for an hour. An input goes with the last batch that it was of. Thread-safe.
 */
public final class Retention {
  /** Counters, by {@code reason}: {@code age} or {@code size}. */
  static final String BATCHES = "fleet.jobs.removed.batches";

  static final String JOBS = "fleet.jobs.removed.requests";
  static final String FILES = "fleet.jobs.removed.files";
  static final String BYTES = "fleet.jobs.removed";

  /** Who has just uploaded a file may be about to make a batch of it, or to ask for an answer. */
  static final Duration YOUNGEST = Duration.ofHours(1);

  /** Of single requests where nothing else is: nobody can delete one that has ended. */
  static final Duration LONGEST_OF_JOBS = Duration.ofDays(30);

  private static final Logger LOGGER = LoggerFactory.getLogger(Retention.class);

  private final RetentionRecords records;
  private final ObjectStore store;
  private final Quotas quotas;
  private final Duration longest;
  private final long mostBytes;
  private final InstantSource clock;
  private final Map<Reason, Counts> counts = new EnumMap<>(Reason.class);

  private record Counts(Counter batches, Counter jobs, Counter files, Counter bytes) {}

  /**
   * Removes nothing yet.
   *
   * @param longest 0 for no bound but that of single requests
   * @param mostBytes 0 for no bound
   */
  Retention(
      RetentionRecords records,
      ObjectStore store,
      Quotas quotas,
      Duration longest,
      long mostBytes,
      InstantSource clock,
      MeterRegistry meters) {
    this.records = records;
    this.store = store;
    this.quotas = quotas;
    this.longest = longest;
    this.mostBytes = mostBytes;
    this.clock = clock;
    for (Reason reason : Reason.values()) {
      counts.put(
          reason,
          new Counts(
              counter(BATCHES, "Batches that were removed", reason, null, meters),
              counter(JOBS, "Single requests that were removed", reason, null, meters),
              counter(FILES, "Files that were removed", reason, null, meters),
              counter(BYTES, "Bytes of what was removed", reason, "bytes", meters)));
    }
  }

  private static Counter counter(
      String name, String description, Reason reason, @Nullable String unit, MeterRegistry meters) {
    return Counter.builder(name)
        .description(description)
        .baseUnit(unit)
        .tag("reason", reason.label())
        .register(meters);
  }

  /** Removes all that is to go now. */
  public void run() {
    Map<Reason, Sum> sums = new EnumMap<>(Reason.class);
    try {
      remove(sums);
    } finally {
      sums.forEach(Sum::log);
    }
  }

  private void remove(Map<Reason, Sum> sums) {
    long now = clock.instant().getEpochSecond();
    if (longest.isPositive()) {
      long by = now - longest.toSeconds();
      removeAll(() -> records.oldestBatch(by).map(Ended::id), records::removeBatch, sums);
      removeAll(() -> records.oldestFile(by), records::removeFile, sums);
    }
    long byOfJobs = now - (longest.isPositive() ? longest : LONGEST_OF_JOBS).toSeconds();
    removeAll(() -> records.oldestJob(byOfJobs).map(Ended::id), records::removeJob, sums);
    if (mostBytes > 0) {
      removeDownToSize(now, sums);
    }
  }

  private void removeAll(
      Supplier<Optional<String>> oldest, Function<String, Removed> removal, Map<Reason, Sum> sums) {
    for (Optional<String> next = oldest.get(); next.isPresent(); next = oldest.get()) {
      count(removal.apply(next.get()), Reason.AGE, sums);
    }
  }

  private void removeDownToSize(long now, Map<Reason, Sum> sums) {
    for (long size = quotas.sizeOfAll(); size > mostBytes; size = quotas.sizeOfAll()) {
      Removed removed = removeOldest(now).orElse(null);
      if (removed == null) {
        LOGGER.warn(
            "files and single requests have {} bytes, and none can be removed (expected: <= {})",
            size,
            mostBytes);
        return;
      }
      count(removed, Reason.SIZE, sums);
    }
  }

  private Optional<Removed> removeOldest(long now) {
    long young = now - YOUNGEST.toSeconds();
    Ended batch = records.oldestBatch(now).orElse(null);
    Ended answer = records.oldestAnswer(young).orElse(null);
    if (batch != null && (answer == null || batch.at() <= answer.at())) {
      return Optional.of(records.removeBatch(batch.id()));
    }
    return answer == null
        ? records.oldestFile(young).map(records::removeFile)
        : Optional.of(records.removeJob(answer.id()));
  }

  private void count(Removed removed, Reason reason, Map<Reason, Sum> sums) {
    // The body of a single request went when it ended.
    long bytes =
        removed.objects().stream()
            .filter(object -> store.delete(object.object()))
            .mapToLong(FilePart::size)
            .sum();
    Counts all = Objects.requireNonNull(counts.get(reason));
    all.batches().increment(removed.batches());
    all.jobs().increment(removed.jobs());
    all.files().increment(removed.files());
    all.bytes().increment((double) bytes);
    sums.merge(
        reason, new Sum(removed.batches(), removed.jobs(), removed.files(), bytes), Sum::plus);
  }

  /** What one run has removed for one reason; one line in the log, however much it is. */
  private record Sum(int batches, int jobs, int files, long bytes) {
    Sum plus(Sum other) {
      return new Sum(
          batches + other.batches, jobs + other.jobs, files + other.files, bytes + other.bytes);
    }

    static void log(Reason reason, Sum sum) {
      LOGGER.info(
          "removed for its {}: {} batches, {} single requests, {} files; {} bytes",
          reason.label(),
          sum.batches,
          sum.jobs,
          sum.files,
          sum.bytes);
    }
  }
}
