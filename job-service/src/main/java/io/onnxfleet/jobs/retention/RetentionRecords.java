package io.onnxfleet.jobs.retention;

import io.onnxfleet.contract.fleet.WorkOwner;
import io.onnxfleet.jobs.batch.Batch;
import io.onnxfleet.jobs.batch.BatchRecords;
import io.onnxfleet.jobs.file.FilePart;
import io.onnxfleet.jobs.file.FileRecords;
import io.onnxfleet.jobs.quota.Quotas;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.transaction.support.TransactionTemplate;

/**
 * Batches and single requests that have ended, and files that no batch knows, as the database has
 * them. Each removal is one transaction. Thread-safe.
 */
final class RetentionRecords {
  private static final String ENDED_AT =
      "coalesce(completed_at, failed_at, expired_at, cancelled_at)";
  private static final WorkOwner ANY =
      new WorkOwner("retention", true, List.of(), List.of(), 0, List.of(0L, 0L, 0L, 0L));

  private final JdbcClient database;
  private final BatchRecords batches;
  private final FileRecords files;
  private final Quotas quotas;
  private final TransactionTemplate transactions;

  /**
   * What has ended.
   *
   * @param at in seconds since the epoch
   */
  record Ended(String id, long at) {}

  RetentionRecords(
      JdbcClient database,
      BatchRecords batches,
      FileRecords files,
      Quotas quotas,
      TransactionTemplate transactions) {
    this.database = database;
    this.batches = batches;
    this.files = files;
    this.quotas = quotas;
    this.transactions = transactions;
  }

  /** The batch that ended first, if it was by then; in seconds since the epoch. */
  Optional<Ended> oldestBatch(long endedBy) {
    return database
        .sql(
            "select id, %1$s from batch where status not in ('validating', 'in_progress')"
                    .formatted(ENDED_AT)
                + " and %1$s <= ? order by %1$s, number limit 1".formatted(ENDED_AT))
        .param(endedBy)
        .query(RetentionRecords::ended)
        .optional();
  }

  private static Ended ended(ResultSet row, int number) throws SQLException {
    return new Ended(row.getString(1), row.getLong(2));
  }

  /** The file that came first and that no batch knows, if it was by then. */
  Optional<String> oldestFile(long cameBy) {
    return database
        .sql(
            """
            select id from stored_file where created_at <= ?
              and not exists (select 1 from batch where input_file_id = stored_file.id)
              and not exists (select 1 from batch where output_file_id = stored_file.id)
              and not exists (select 1 from batch where error_file_id = stored_file.id)
            order by created_at, number limit 1
            """)
        .param(cameBy)
        .query(String.class)
        .optional();
  }

  /** Removes a batch that has ended with its files; its input too, if no other batch knows it. */
  Removed removeBatch(String id) {
    return Objects.requireNonNull(
        transactions.execute(
            transaction -> {
              Batch batch = batches.find(id).orElse(null);
              if (batch == null || !batch.status().isEnd()) {
                return Removed.NOTHING;
              }
              // Whoever makes a batch of the input locks it too.
              files.lock(batch.inputFileId(), ANY);
              int removed = database.sql("delete from batch where id = ?").param(id).update();
              List<FilePart> objects = new ArrayList<>();
              int count = 0;
              for (String file :
                  Arrays.asList(batch.outputFileId(), batch.errorFileId(), batch.inputFileId())) {
                if (file != null && isUnknown(file)) {
                  count += remove(file, objects);
                }
              }
              return new Removed(removed, 0, count, objects);
            }));
  }

  /** Removes a file, unless a batch knows it by now. */
  Removed removeFile(String id) {
    return Objects.requireNonNull(
        transactions.execute(
            transaction -> {
              files.lock(id, ANY);
              List<FilePart> objects = new ArrayList<>();
              int count = isUnknown(id) ? remove(id, objects) : 0;
              return new Removed(0, 0, count, objects);
            }));
  }

  /** The single request that ended first, if it was by then; in seconds since the epoch. */
  Optional<Ended> oldestJob(long endedBy) {
    return oldestJob(endedBy, "");
  }

  /** The same of those that have an answer which takes room. */
  Optional<Ended> oldestAnswer(long endedBy) {
    return oldestJob(endedBy, " and answer_size > 0");
  }

  private Optional<Ended> oldestJob(long endedBy, String and) {
    return database
        .sql(
            "select id, ended_at from job where ended_at <= ?"
                + and
                + " order by ended_at, number limit 1")
        .param(endedBy)
        .query(RetentionRecords::ended)
        .optional();
  }

  /** A single request that has ended: nothing changes it any more. */
  private record EndedJob(String owner, FilePart request, @Nullable FilePart answer) {
    List<FilePart> objects() {
      return answer == null ? List.of(request) : List.of(request, answer);
    }

    /** Bytes that its owner is said to have of it. */
    long counted() {
      return answer == null ? 0 : answer.size();
    }
  }

  /** Removes a single request that has ended, with its answer. */
  Removed removeJob(String id) {
    return Objects.requireNonNull(
        transactions.execute(
            transaction -> {
              EndedJob job = endedJob(id).orElse(null);
              if (job == null) {
                return Removed.NOTHING;
              }
              // Before the job's row, as whoever cancels does.
              quotas.lock(job.owner());
              int removed = database.sql("delete from job where id = ?").param(id).update();
              if (removed == 0) {
                return Removed.NOTHING;
              }
              quotas.countRequest(job.owner(), -job.counted());
              return new Removed(0, removed, 0, job.objects());
            }));
  }

  private Optional<EndedJob> endedJob(String id) {
    return database
        .sql(
            "select owner, request_object, request_size, answer_object, answer_size from job"
                + " where id = ? and ended_at is not null")
        .param(id)
        .query(
            (row, number) -> {
              String answer = row.getString(4);
              return new EndedJob(
                  row.getString(1),
                  new FilePart(row.getString(2), row.getLong(3)),
                  answer == null ? null : new FilePart(answer, row.getLong(5)));
            })
        .optional();
  }

  private boolean isUnknown(String file) {
    return database
            .sql(
                "select count(*) from batch where input_file_id = :file or output_file_id = :file"
                    + " or error_file_id = :file")
            .param("file", file)
            .query(Long.class)
            .single()
        == 0;
  }

  private int remove(String file, List<FilePart> objects) {
    if (files.find(file, ANY).isEmpty()) {
      return 0;
    }
    objects.addAll(files.parts(file));
    files.remove(file);
    return 1;
  }
}
