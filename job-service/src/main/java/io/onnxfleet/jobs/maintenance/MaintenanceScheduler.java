package io.onnxfleet.jobs.maintenance;

import com.github.kagkarlsson.scheduler.Scheduler;
import com.github.kagkarlsson.scheduler.boot.config.DbSchedulerProperties;
import com.github.kagkarlsson.scheduler.task.Task;
import com.github.kagkarlsson.scheduler.task.TaskInstance;
import com.github.kagkarlsson.scheduler.task.helper.RecurringTask;
import com.github.kagkarlsson.scheduler.task.helper.Tasks;
import com.github.kagkarlsson.scheduler.task.schedule.FixedDelay;
import io.onnxfleet.jobs.scheduling.Schedulers;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Instant;
import java.util.List;
import javax.sql.DataSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A second scheduler, with threads and a table of its own, for what reads or removes much: inputs
 * that are judged, and sweeps. So neither these nor slices can keep the others from their turn.
 * What is scheduled in a transaction is so only if that is committed. Thread-safe.
 */
public final class MaintenanceScheduler {
  /** Where it keeps what it has to do. */
  public static final String TABLE = "maintenance_tasks";

  /** How much it does at a time. */
  public static final int THREADS = 4;

  private static final Logger LOGGER = LoggerFactory.getLogger(MaintenanceScheduler.class);

  private final Scheduler scheduler;

  /**
   * Does nothing before it is started.
   *
   * @param once what is done when it is scheduled
   * @param times how the scheduler of slices looks, and is looked after
   */
  public MaintenanceScheduler(
      DataSource database,
      DbSchedulerProperties times,
      List<Task<?>> once,
      List<RegularWork> regular) {
    this.scheduler =
        Schedulers.of(database, TABLE, THREADS, once, times)
            .startTasks(regular.stream().map(MaintenanceScheduler::task).toList())
            .build();
  }

  private static RecurringTask<Void> task(RegularWork regular) {
    return Tasks.recurring(regular.name(), FixedDelay.of(regular.pause()))
        .execute(
            (instance, context) -> {
              try {
                regular.work().run();
              } catch (IOException failed) {
                throw told(regular, new UncheckedIOException(failed));
              } catch (RuntimeException failed) {
                throw told(regular, failed);
              }
            });
  }

  /** Nobody else tells it: what is regular comes again, and may fail for ever. */
  private static RuntimeException told(RegularWork regular, RuntimeException failed) {
    LOGGER.error("{} failed, it will be tried again", regular.name(), failed);
    return failed;
  }

  public void start() {
    scheduler.start();
  }

  /** Waits for what is under way. */
  public void stop() {
    scheduler.stop();
  }

  /** Has a task be done, soon. Called within the transaction that makes it necessary. */
  public void schedule(String task, String id, Instant now) {
    Schedulers.scheduleNow(scheduler, new TaskInstance<>(task, id), now);
  }
}
