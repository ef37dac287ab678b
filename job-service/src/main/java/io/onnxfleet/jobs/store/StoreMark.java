package io.onnxfleet.jobs.store;

import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.dao.DuplicateKeyException;
import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * Ties a database to its store: both have the same mark. A store of another database must not be
 * swept, and a database without its store has lost what it promised to keep.
 */
final class StoreMark {
  private static final Logger LOGGER = LoggerFactory.getLogger(StoreMark.class);

  private final JdbcClient database;
  private final ObjectStore store;
  private final Supplier<String> names;

  StoreMark(JdbcClient database, ObjectStore store, Supplier<String> names) {
    this.database = database;
    this.store = store;
    this.names = names;
  }

  /**
   * Marks both where neither is marked.
   *
   * @throws StoreConflictException if they do not belong together
   */
  void check() throws IOException {
    Optional<String> inDatabase =
        database.sql("select mark from store_mark").query(String.class).optional();
    String inStore = store.mark();
    if (inDatabase.isPresent()) {
      if (!inDatabase.get().equals(inStore)) {
        throw new StoreConflictException(
            "The database knows the objects of a store marked '%s', and %s %s."
                .formatted(
                    inDatabase.get(),
                    store,
                    inStore.isEmpty() ? "has no mark" : "is marked '" + inStore + "'"));
      }
      return;
    }
    if (store.hasObjects()) {
      throw new StoreConflictException(store + " has objects, and the database knows of none.");
    }
    tie(inStore.isEmpty() ? store.mark(names.get()) : inStore);
  }

  private void tie(String mark) {
    try {
      database.sql("insert into store_mark (mark) values (?)").param(mark).update();
    } catch (DuplicateKeyException alsoStarting) {
      LOGGER.debug("another job service has just said so", alsoStarting);
    }
    List<String> marks = database.sql("select mark from store_mark").query(String.class).list();
    if (marks.size() > 1) {
      database.sql("delete from store_mark where mark = ?").param(mark).update();
      throw new StoreConflictException(
          "Another job service has just begun to use the database, with another store than "
              + store
              + ".");
    }
  }
}
