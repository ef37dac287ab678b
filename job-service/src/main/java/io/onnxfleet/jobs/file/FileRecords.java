package io.onnxfleet.jobs.file;

import io.onnxfleet.contract.fleet.WorkOwner;
import io.onnxfleet.jobs.failure.JobException;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * Files in the database. What changes several rows runs in its caller's transaction. Whoever does
 * not own a file does not find it, unless it is an administrator. Thread-safe.
 */
public final class FileRecords {
  private static final String COLUMNS = "select id, owner, purpose, filename, size, created_at ";
  private static final String OF_VIEWER = " (cast(:all as boolean) or owner = :owner) ";

  private final JdbcClient database;

  public FileRecords(JdbcClient database) {
    this.database = database;
  }

  public void add(StoredFile file) {
    database
        .sql(
            "insert into stored_file (number, id, owner, purpose, filename, size, created_at)"
                + " values (?, ?, ?, ?, ?, ?, ?)")
        .params(
            ListedIds.number(StoredFile.PREFIX, file.id()).orElseThrow(),
            file.id(),
            file.owner(),
            file.purpose(),
            file.filename(),
            file.size(),
            file.createdAt())
        .update();
  }

  public void addPart(String id, int part, FilePart object) {
    database
        .sql("insert into file_part (file_id, part, object, size) values (?, ?, ?, ?)")
        .params(id, part, object.object(), object.size())
        .update();
  }

  public Optional<StoredFile> find(String id, WorkOwner viewer) {
    return find(id, viewer, "");
  }

  /** The same; nobody else changes it before the transaction ends. */
  public Optional<StoredFile> lock(String id, WorkOwner viewer) {
    return find(id, viewer, " for update");
  }

  private Optional<StoredFile> find(String id, WorkOwner viewer, String lock) {
    if (!StoredFile.isName(id)) {
      return Optional.empty();
    }
    return database
        .sql(COLUMNS + "from stored_file where id = :id and" + OF_VIEWER + lock)
        .param("id", id)
        .param("all", viewer.isAdministrator())
        .param("owner", viewer.name())
        .query(FileRecords::read)
        .optional();
  }

  /** The objects, in order. */
  public List<FilePart> parts(String id) {
    return database
        .sql("select object, size from file_part where file_id = ? order by part")
        .param(id)
        .query((row, number) -> new FilePart(row.getString(1), row.getLong(2)))
        .list();
  }

  /**
   * A page, and one more if there is one.
   *
   * @param purpose null for any
   * @throws JobException if the page begins behind what is no id
   */
  public List<StoredFile> list(Page page, @Nullable String purpose) {
    if (purpose != null && !StoredFile.isName(purpose)) {
      return List.of();
    }
    List<String> conditions = new ArrayList<>();
    if (purpose != null) {
      conditions.add("purpose = :purpose");
    }
    if (page.after() != null) {
      conditions.add("number " + page.behind() + " :after");
    }
    conditions.add(OF_VIEWER);
    return database
        .sql(
            COLUMNS
                + "from stored_file where "
                + String.join(" and ", conditions)
                + page.orderAndLimit())
        .param("purpose", purpose)
        .param(
            "after", page.numberBefore("file", StoredFile.PREFIX, id -> earlier(id, page.viewer())))
        .param("all", page.viewer().isAdministrator())
        .param("owner", page.viewer().name())
        .query(FileRecords::read)
        .list();
  }

  private Optional<Long> earlier(String id, WorkOwner viewer) {
    return find(id, viewer)
        .map(
            file ->
                database
                    .sql("select number from stored_file where id = ?")
                    .param(file.id())
                    .query(Long.class)
                    .single());
  }

  /** Whether a batch that has not ended reads it. */
  public boolean isRead(String id) {
    return database
            .sql(
                "select count(*) from batch"
                    + " where input_file_id = ? and status in ('validating', 'in_progress')")
            .param(id)
            .query(Long.class)
            .single()
        > 0;
  }

  public void remove(String id) {
    database.sql("delete from stored_file where id = ?").param(id).update();
  }

  private static StoredFile read(ResultSet row, int number) throws SQLException {
    return new StoredFile(
        row.getString(1),
        row.getString(2),
        row.getString(3),
        row.getString(4),
        row.getLong(5),
        row.getLong(6));
  }
}
