package io.onnxfleet.jobs;

import io.onnxfleet.jobs.configuration.JobsProperties;
import io.onnxfleet.jobs.store.Names;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import org.flywaydb.core.Flyway;
import org.h2.jdbcx.JdbcDataSource;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.support.JdbcTransactionManager;
import org.springframework.transaction.support.TransactionTemplate;

/** A database of its own, in memory, as the migrations make it. */
public record MemoryDatabase(
    JdbcDataSource source, JdbcClient client, TransactionTemplate transactions) {

  private static final String PREFIX = "fleet.jobs";

  public static MemoryDatabase make() {
    JdbcDataSource source = new JdbcDataSource();
    source.setUrl("jdbc:h2:mem:" + new Names().get() + ";DB_CLOSE_DELAY=-1");
    Flyway.configure().dataSource(source).load().migrate();
    return new MemoryDatabase(
        source,
        JdbcClient.create(source),
        new TransactionTemplate(new JdbcTransactionManager(source)));
  }

  /** Defaults, but for these keys without their prefix. */
  public static JobsProperties properties(Map<String, String> values) {
    MapConfigurationPropertySource source = new MapConfigurationPropertySource();
    values.forEach((key, value) -> source.put(PREFIX + "." + key, value));
    return new Binder(source).bindOrCreate(PREFIX, JobsProperties.class);
  }

  public void addFile(String id, String owner, long size, long createdAt, String object) {
    client
        .sql(
            "insert into stored_file (id, owner, purpose, filename, size, created_at)"
                + " values (?, ?, 'batch', 'a', ?, ?)")
        .params(id, owner, size, createdAt)
        .update();
    client
        .sql("insert into file_part (file_id, part, object, size) values (?, 0, ?, ?)")
        .params(id, object, size)
        .update();
  }

  /**
   * Adds a batch that has ended.
   *
   * @param output of which file; empty for none
   */
  public void addEndedBatch(String id, String owner, String input, String output, long endedAt) {
    addBatch(id, owner, input, "completed");
    client
        .sql("update batch set completed_at = ?, output_file_id = nullif(?, '') where id = ?")
        .params(endedAt, output, id)
        .update();
  }

  /**
   * Adds a single request.
   *
   * @param answer its object; null for none
   * @param endedAt null for one that has not ended
   */
  public void addJob(String id, String request, @Nullable String answer, @Nullable Long endedAt) {
    client
        .sql(
            """
            insert into job_owner (owner) select 'alice'
              where not exists (select 1 from job_owner where owner = 'alice')
            """)
        .update();
    client
        .sql(
            """
            insert into job (id, owner, owner_statement, digest, target, headers, request_object,
              request_size, status, scheduled, fence, answer_object, answer_size, created_at,
              expires_at, ended_at)
            values (?, 'alice', '', '', '', '', ?, 10, ?, true, 0, ?, ?, 0, 0, ?)
            """)
        .params(
            Arrays.asList(
                id,
                request,
                endedAt == null ? "in_progress" : "completed",
                answer,
                answer == null ? null : 10,
                endedAt))
        .update();
    client
        .sql("update job_owner set job_bytes = job_bytes + ? where owner = 'alice'")
        .param(endedAt == null || answer != null ? 10 : 0)
        .update();
  }

  public void addBatch(String id, String owner, String input, String status) {
    client
        .sql(
            """
            insert into batch (id, owner, owner_statement, endpoint, input_file_id, input_object,
              completion_window, status, total, completed, failed, tokens, open_slices, created_at,
              expires_at)
            values (?, ?, '', '', ?, '', '', ?, 0, 0, 0, 0, 0, 0, 0)
            """)
        .params(id, owner, input, status)
        .update();
  }

  public Set<String> ids(String table) {
    return client.sql("select id from " + table).query(String.class).set();
  }
}
