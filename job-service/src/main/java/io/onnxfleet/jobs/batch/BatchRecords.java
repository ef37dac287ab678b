package io.onnxfleet.jobs.batch;

import io.onnxfleet.contract.fleet.WorkOwner;
import io.onnxfleet.jobs.file.ListedIds;
import io.onnxfleet.jobs.file.Page;
import io.onnxfleet.jobs.file.StoredFile;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.transaction.support.TransactionSynchronization;
import org.springframework.transaction.support.TransactionSynchronizationManager;

/**
 * Batches in the database. Changes run in their caller's transaction. Whoever does not own a batch
 * does not find it, unless it is an administrator. Thread-safe.
 */
public final class BatchRecords {
  private static final String SELECT =
      """
      select id, owner, owner_statement, endpoint, input_file_id, input_object,
        completion_window, metadata, status, ending, errors, total, completed, failed, tokens,
        open_slices, output_file_id, error_file_id, created_at, expires_at, in_progress_at,
        finalizing_at, completed_at, failed_at, expired_at, cancelling_at, cancelled_at
      from batch
      """;
  private static final String OF_VIEWER = " (cast(:all as boolean) or owner = :owner) ";

  private final JdbcClient database;
  private final Consumer<BatchStatus> ended;

  /**
   * Reads and writes them.
   *
   * @param ended is told a batch's last status once the transaction that gave it has committed
   */
  public BatchRecords(JdbcClient database, Consumer<BatchStatus> ended) {
    this.database = database;
    this.ended = ended;
  }

  void add(Batch batch) {
    database
        .sql(
            """
            insert into batch (number, id, owner, owner_statement, endpoint, input_file_id, input_object,
              completion_window, metadata, status, total, completed, failed, tokens, open_slices,
              created_at, expires_at)
            values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0, 0, 0, 0, ?, ?)
            """)
        .params(
            Arrays.asList(
                ListedIds.number(Batch.PREFIX, batch.id()).orElseThrow(),
                batch.id(),
                batch.owner(),
                batch.ownerStatement(),
                batch.endpoint(),
                batch.inputFileId(),
                batch.inputObject(),
                batch.completionWindow(),
                batch.metadata(),
                batch.status().label(),
                batch.times().created(),
                batch.times().expires()))
        .update();
  }

  public Optional<Batch> find(String id) {
    return database.sql(SELECT + "where id = ?").param(id).query(BatchRecords::read).optional();
  }

  Optional<Batch> find(String id, WorkOwner viewer) {
    if (!StoredFile.isName(id)) {
      return Optional.empty();
    }
    return database
        .sql(SELECT + "where id = :id and" + OF_VIEWER)
        .param("id", id)
        .param("all", viewer.isAdministrator())
        .param("owner", viewer.name())
        .query(BatchRecords::read)
        .optional();
  }

  /** Nobody else changes it, or its slices, before the transaction ends. */
  Optional<Batch> lock(String id) {
    return database
        .sql(SELECT + "where id = ? for update")
        .param(id)
        .query(BatchRecords::read)
        .optional();
  }

  /** A page, and one more if there is one. */
  List<Batch> list(Page page) {
    String behind = page.after() == null ? "" : "number " + page.behind() + " :after and";
    return database
        .sql(SELECT + "where " + behind + OF_VIEWER + page.orderAndLimit())
        .param("after", page.numberBefore("batch", Batch.PREFIX, id -> earlier(id, page.viewer())))
        .param("all", page.viewer().isAdministrator())
        .param("owner", page.viewer().name())
        .query(BatchRecords::read)
        .list();
  }

  private Optional<Long> earlier(String id, WorkOwner viewer) {
    return find(id, viewer)
        .map(
            batch ->
                database
                    .sql("select number from batch where id = ?")
                    .param(batch.id())
                    .query(Long.class)
                    .single());
  }

  void begin(String id, int total, int slices, long now) {
    database
        .sql(
            "update batch set status = 'in_progress', total = ?, open_slices = ?,"
                + " in_progress_at = ? where id = ?")
        .params(total, slices, now, id)
        .update();
  }

  void count(String id, SliceResult result) {
    database
        .sql(
            "update batch set completed = completed + ?, failed = failed + ?, tokens = tokens + ?,"
                + " open_slices = open_slices - 1 where id = ?")
        .params(result.completed(), result.failed(), result.tokens(), id)
        .update();
  }

  /** Has it end early, if nothing else does already. */
  void end(String id, Ending ending, @Nullable String errors, @Nullable Long cancellingAt) {
    database
        .sql(
            "update batch set ending = ?, errors = ?, cancelling_at = ?"
                + " where id = ? and ending is null and status in ('validating', 'in_progress')")
        .params(Arrays.asList(ending.label(), errors, cancellingAt, id))
        .update();
  }

  /** Has it say what went wrong, if it says nothing yet. */
  void explain(String id, String errors) {
    database
        .sql("update batch set errors = ? where id = ? and errors is null")
        .params(errors, id)
        .update();
  }

  /** Ends it for good. */
  void finish(
      String id,
      BatchStatus status,
      @Nullable String errors,
      @Nullable String output,
      @Nullable String error,
      long now) {
    database
        .sql(
            "update batch set status = ?, errors = ?, output_file_id = ?, error_file_id = ?,"
                + " finalizing_at = case when in_progress_at is null then null else cast(? as bigint) end, "
                + status.label()
                + "_at = ? where id = ?")
        .params(Arrays.asList(status.label(), errors, output, error, now, now, id))
        .update();
    TransactionSynchronizationManager.registerSynchronization(
        new TransactionSynchronization() {
          @Override
          public void afterCommit() {
            ended.accept(status);
          }
        });
  }

  private static Batch read(ResultSet row, int number) throws SQLException {
    return new Batch(
        row.getString("id"),
        row.getString("owner"),
        row.getString("owner_statement"),
        row.getString("endpoint"),
        row.getString("input_file_id"),
        row.getString("input_object"),
        row.getString("completion_window"),
        row.getString("metadata"),
        BatchStatus.of(row.getString("status")),
        Ending.of(row.getString("ending")),
        row.getString("errors"),
        new Batch.Counts(row.getInt("total"), row.getInt("completed"), row.getInt("failed")),
        row.getLong("tokens"),
        row.getInt("open_slices"),
        row.getString("output_file_id"),
        row.getString("error_file_id"),
        new Batch.Times(
            row.getLong("created_at"),
            row.getLong("expires_at"),
            time(row, "in_progress_at"),
            time(row, "finalizing_at"),
            time(row, "completed_at"),
            time(row, "failed_at"),
            time(row, "expired_at"),
            time(row, "cancelling_at"),
            time(row, "cancelled_at")));
  }

  private static @Nullable Long time(ResultSet row, String column) throws SQLException {
    long time = row.getLong(column);
    return row.wasNull() ? null : time;
  }
}
