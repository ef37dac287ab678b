package io.onnxfleet.jobs.store;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.jdbc.core.simple.JdbcClient;

/**
 * Deletes objects that nothing in the database refers to: what was written by a process that ended
 * before it could say so, by one whose slice another had taken over, and what was deleted while it
 * could not be. An object is named in the database right after it was written, so only what is
 * older than {@link #YOUNGEST} is looked at. Thread-safe.
 */
public final class Sweep {
  private static final Logger LOGGER = LoggerFactory.getLogger(Sweep.class);

  /** Far longer than it takes to name an object in the database. */
  static final Duration YOUNGEST = Duration.ofHours(1);

  private static final int ASKED_AT_ONCE = 500;

  private static final String REFERRED_TO =
      """
      select object from file_part where object in (:names)
      union select input_object from batch
        where input_object in (:names) and status in ('validating', 'in_progress')
      union select output_object from batch_slice where output_object in (:names)
      union select error_object from batch_slice where error_object in (:names)
      union select request_object from job
        where request_object in (:names) and status in ('queued', 'in_progress')
      union select answer_object from job where answer_object in (:names)
      """;

  private final JdbcClient database;
  private final ObjectStore store;
  private final InstantSource clock;

  Sweep(JdbcClient database, ObjectStore store, InstantSource clock) {
    this.database = database;
    this.store = store;
    this.clock = clock;
  }

  /** Sweeps what is old enough; the number of objects that were deleted. */
  public int run() throws IOException {
    return run(YOUNGEST);
  }

  /** The same where nobody else writes, and this process has not begun to. */
  int run(Duration youngest) throws IOException {
    Instant before = clock.instant().minus(youngest);
    store.dropIncoming(before);
    AtomicInteger deleted = new AtomicInteger();
    store.showUnchangedSince(before, old -> deleted.addAndGet(sweep(old)));
    if (deleted.get() > 0) {
      LOGGER.info("swept {} objects that nothing referred to", deleted);
    }
    return deleted.get();
  }

  private int sweep(List<String> old) {
    int deleted = 0;
    for (int from = 0; from < old.size(); from += ASKED_AT_ONCE) {
      List<String> some = old.subList(from, Math.min(old.size(), from + ASKED_AT_ONCE));
      Set<String> orphans = new HashSet<>(some);
      orphans.removeAll(referredTo(some));
      orphans.forEach(store::delete);
      deleted += orphans.size();
    }
    return deleted;
  }

  private Set<String> referredTo(List<String> names) {
    return names.isEmpty()
        ? Collections.emptySet()
        : database.sql(REFERRED_TO).param("names", names).query(String.class).set();
  }
}
