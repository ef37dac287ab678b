package io.onnxfleet.jobs.batch;

import io.onnxfleet.jobs.lines.Region;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * Slices in the database: {@code waiting} for their turn, {@code queued} to be worked on, {@code
 * done}. Runs in its caller's transaction. Thread-safe.
 */
final class SliceRecords {
  private static final int INSERTED_AT_ONCE = 500;

  private final JdbcClient database;
  private final JdbcTemplate batches;

  SliceRecords(JdbcClient database, JdbcTemplate batches) {
    this.database = database;
    this.batches = batches;
  }

  /** Adds them all; the first so many are queued. */
  void add(String batchId, List<Region> regions, int queued) {
    List<Object[]> rows = new ArrayList<>();
    for (int number = 0; number < regions.size(); number++) {
      Region region = regions.get(number);
      rows.add(
          new Object[] {
            batchId,
            number,
            region.firstLine(),
            region.firstByte(),
            region.endByte(),
            region.lineCount(),
            number < queued ? "queued" : "waiting"
          });
    }
    for (int from = 0; from < rows.size(); from += INSERTED_AT_ONCE) {
      batches.batchUpdate(
          "insert into batch_slice (batch_id, slice, first_line, first_byte, end_byte, line_count,"
              + " state, fence, output_size, error_size) values (?, ?, ?, ?, ?, ?, ?, 0, 0, 0)",
          rows.subList(from, Math.min(rows.size(), from + INSERTED_AT_ONCE)));
    }
  }

  /** Takes a slice that is queued: whoever took it before has no say any more. */
  Optional<Slice> take(String batchId, int slice) {
    int taken =
        database
            .sql(
                "update batch_slice set fence = fence + 1"
                    + " where batch_id = ? and slice = ? and state = 'queued'")
            .params(batchId, slice)
            .update();
    return taken == 0
        ? Optional.empty()
        : database
            .sql(
                "select first_line, first_byte, end_byte, line_count, fence from batch_slice"
                    + " where batch_id = ? and slice = ?")
            .params(batchId, slice)
            .query(
                (row, number) ->
                    new Slice(
                        batchId,
                        slice,
                        new Region(row.getInt(1), row.getLong(2), row.getLong(3), row.getInt(4)),
                        row.getLong(5)))
            .optional();
  }

  /** Makes it the slice's result; false if the slice has another, or another took it. */
  boolean settle(Slice slice, SliceResult result) {
    SliceResult.Written output = result.output();
    SliceResult.Written errors = result.errors();
    return database
            .sql(
                """
                update batch_slice set state = 'done', output_object = :output,
                  output_size = :outputSize, error_object = :errors, error_size = :errorSize
                where batch_id = :batch and slice = :slice and state = 'queued' and fence = :fence
                """)
            .param("output", output == null ? null : output.object())
            .param("outputSize", output == null ? 0 : output.size())
            .param("errors", errors == null ? null : errors.object())
            .param("errorSize", errors == null ? 0 : errors.size())
            .param("batch", slice.batchId())
            .param("slice", slice.number())
            .param("fence", slice.fence())
            .update()
        == 1;
  }

  /** Queues the next one that waits; null if none does. */
  @Nullable Integer queueNext(String batchId) {
    Optional<Integer> next =
        database
            .sql(
                "select slice from batch_slice where batch_id = ? and state = 'waiting'"
                    + " order by slice limit 1")
            .param(batchId)
            .query(Integer.class)
            .optional();
    next.ifPresent(
        slice ->
            database
                .sql("update batch_slice set state = 'queued' where batch_id = ? and slice = ?")
                .params(batchId, slice)
                .update());
    return next.orElse(null);
  }

  long outputSize(String batchId) {
    return sum(batchId, "output_size");
  }

  long errorSize(String batchId) {
    return sum(batchId, "error_size");
  }

  private long sum(String batchId, String column) {
    return database
        .sql("select coalesce(sum(" + column + "), 0) from batch_slice where batch_id = ?")
        .param(batchId)
        .query(Long.class)
        .single();
  }

  /** Hands the answers over to a file, in line order. */
  void moveOutput(String batchId, String fileId) {
    move(batchId, fileId, "output");
  }

  /** Hands the other lines over to a file, in line order. */
  void moveErrors(String batchId, String fileId) {
    move(batchId, fileId, "error");
  }

  private void move(String batchId, String fileId, String which) {
    database
        .sql(
            """
            insert into file_part (file_id, part, object, size)
            select cast(:file as varchar(64)), slice, %1$s_object, %1$s_size from batch_slice
            where batch_id = :batch and %1$s_object is not null
            """
                .formatted(which))
        .param("file", fileId)
        .param("batch", batchId)
        .update();
  }

  void remove(String batchId) {
    database.sql("delete from batch_slice where batch_id = ?").param(batchId).update();
  }
}
