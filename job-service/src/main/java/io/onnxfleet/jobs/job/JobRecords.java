package io.onnxfleet.jobs.job;

import io.onnxfleet.contract.fleet.WorkOwner;
import io.onnxfleet.jobs.file.StoredFile;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * Jobs in the database. Changes run in their caller's transaction. Whoever does not own a job does
 * not find it, unless it is an administrator. Thread-safe.
 */
final class JobRecords {
  private static final String SELECT =
      """
      select number, id, owner, owner_statement, digest, target, headers, request_object,
        request_size, status, fence, answer_status, answer_headers, answer_object, answer_size,
        error_code, error_message, created_at, expires_at, in_progress_at, ended_at
      from job
      """;
  private static final String UNENDED = " status in ('queued', 'in_progress') ";

  private final JdbcClient database;

  JobRecords(JdbcClient database) {
    this.database = database;
  }

  /** Nobody else adds a job of that owner, or ends one, before the transaction ends. */
  void lockOwner(String owner) {
    database
        .sql("select owner from job_owner where owner = ? for update")
        .param(owner)
        .query(String.class)
        .single();
  }

  void add(Job job, @Nullable String key, boolean isScheduled) {
    Job.Request request = job.request();
    database
        .sql(
            """
            insert into job (id, owner, owner_statement, idempotency_key, digest, target, headers,
              request_object, request_size, status, scheduled, fence, created_at, expires_at)
            values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?)
            """)
        .params(
            Arrays.asList(
                job.id(),
                job.owner(),
                job.ownerStatement(),
                key,
                job.digest(),
                request.target(),
                request.headers(),
                request.object(),
                request.size(),
                job.status().label(),
                isScheduled,
                job.times().created(),
                job.times().expires()))
        .update();
  }

  Optional<Job> find(String id) {
    return database.sql(SELECT + "where id = ?").param(id).query(JobRecords::read).optional();
  }

  /** Nobody else changes it before the transaction ends. */
  Job lock(String id) {
    return database
        .sql(SELECT + "where id = ? for update")
        .param(id)
        .query(JobRecords::read)
        .single();
  }

  Optional<Job> find(String id, WorkOwner viewer) {
    if (!StoredFile.isName(id)) {
      return Optional.empty();
    }
    return database
        .sql(SELECT + "where id = :id and (cast(:all as boolean) or owner = :owner)")
        .param("id", id)
        .param("all", viewer.isAdministrator())
        .param("owner", viewer.name())
        .query(JobRecords::read)
        .optional();
  }

  Optional<Job> findByKey(String owner, String key) {
    return database
        .sql(SELECT + "where owner = ? and idempotency_key = ?")
        .params(owner, key)
        .query(JobRecords::read)
        .optional();
  }

  /** Which of them have ended. */
  Set<String> ended(Collection<String> ids) {
    return database
        .sql("select id from job where id in (:ids) and not" + UNENDED)
        .param("ids", ids)
        .query(String.class)
        .set();
  }

  /** How many jobs wait that came before. */
  long before(Job job) {
    return database
        .sql("select count(*) from job where status = 'queued' and number < ?")
        .param(job.number())
        .query(Long.class)
        .single();
  }

  int unended(String owner) {
    return database
        .sql("select count(*) from job where owner = ? and" + UNENDED)
        .param(owner)
        .query(Integer.class)
        .single();
  }

  int scheduled(String owner) {
    return database
        .sql("select count(*) from job where owner = ? and scheduled = true and" + UNENDED)
        .param(owner)
        .query(Integer.class)
        .single();
  }

  /** The oldest ones that are not scheduled. */
  List<String> unscheduled(String owner, int most) {
    return database
        .sql(
            "select id from job where owner = ? and status = 'queued' and scheduled = false"
                + " order by number limit "
                + most)
        .param(owner)
        .query(String.class)
        .list();
  }

  void setScheduled(String id) {
    database.sql("update job set scheduled = true where id = ?").param(id).update();
  }

  /** Takes a job that has not ended: whoever took it before has no say any more. */
  Optional<Job> take(String id, long now) {
    int taken =
        database
            .sql(
                "update job set fence = fence + 1, status = 'in_progress',"
                    + " in_progress_at = coalesce(in_progress_at, ?) where id = ? and"
                    + UNENDED)
            .params(now, id)
            .update();
    return taken == 0 ? Optional.empty() : find(id);
  }

  /** Ends a job, if it has not ended, and nobody else has taken it since. */
  boolean end(
      Job job,
      JobStatus status,
      Job.@Nullable Answer answer,
      Job.@Nullable Failure failure,
      long now) {
    return database
            .sql(
                "update job set status = ?, answer_status = ?, answer_headers = ?,"
                    + " answer_object = ?, answer_size = ?, error_code = ?, error_message = ?,"
                    + " ended_at = ? where id = ? and fence = ? and"
                    + UNENDED)
            .params(
                Arrays.asList(
                    status.label(),
                    answer == null ? null : answer.status(),
                    answer == null ? null : answer.headers(),
                    answer == null ? null : answer.object(),
                    answer == null ? null : answer.size(),
                    failure == null ? null : failure.code(),
                    failure == null ? null : failure.message(),
                    now,
                    job.id(),
                    job.fence()))
            .update()
        == 1;
  }

  private static Job read(ResultSet row, int number) throws SQLException {
    String answered = row.getString("answer_object");
    String failed = row.getString("error_code");
    return new Job(
        row.getLong("number"),
        row.getString("id"),
        row.getString("owner"),
        row.getString("owner_statement"),
        row.getString("digest"),
        new Job.Request(
            row.getString("target"),
            row.getString("headers"),
            row.getString("request_object"),
            row.getLong("request_size")),
        JobStatus.of(row.getString("status")),
        row.getLong("fence"),
        answered == null
            ? null
            : new Job.Answer(
                row.getInt("answer_status"),
                row.getString("answer_headers"),
                answered,
                row.getLong("answer_size")),
        failed == null ? null : new Job.Failure(failed, row.getString("error_message")),
        new Job.Times(
            row.getLong("created_at"),
            row.getLong("expires_at"),
            time(row, "in_progress_at"),
            time(row, "ended_at")));
  }

  private static @Nullable Long time(ResultSet row, String column) throws SQLException {
    long time = row.getLong(column);
    return row.wasNull() ? null : time;
  }
}
