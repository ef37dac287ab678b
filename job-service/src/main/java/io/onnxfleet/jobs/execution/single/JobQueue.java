package io.onnxfleet.jobs.execution.single;

import com.github.kagkarlsson.scheduler.Scheduler;
import com.github.kagkarlsson.scheduler.boot.config.DbSchedulerProperties;
import com.github.kagkarlsson.scheduler.task.Task;
import com.github.kagkarlsson.scheduler.task.TaskInstance;
import io.onnxfleet.jobs.scheduling.Schedulers;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import javax.sql.DataSource;
import org.springframework.context.SmartLifecycle;

/**
 * Hands jobs out, so many at a time, in the order in which they were scheduled. A scheduler of its
 * own, on a table of its own: the slices of batches, which may take minutes, stand before none of
 * them. Thread-safe.
 */
final class JobQueue implements SmartLifecycle {
  static final String TASK = "job";

  private static final String TABLE = "scheduled_jobs";

  private final Scheduler scheduler;
  private final InstantSource clock;
  private final AtomicBoolean isRunning = new AtomicBoolean();

  /**
   * Hands nothing out before it is started.
   *
   * @param task what is done with each, by its id
   * @param atATime jobs under way in this process
   * @param times how the other scheduler looks, and is looked after
   */
  JobQueue(
      DataSource database,
      Task<Void> task,
      int atATime,
      DbSchedulerProperties times,
      InstantSource clock) {
    this.clock = clock;
    this.scheduler = Schedulers.of(database, TABLE, atATime, List.of(task), times).build();
  }

  /** Has a job be worked on, soon. Called within the transaction that makes it necessary. */
  void work(String jobId) {
    Schedulers.scheduleNow(scheduler, new TaskInstance<>(TASK, jobId), clock.instant());
  }

  @Override
  public void start() {
    scheduler.start();
    isRunning.set(true);
  }

  @Override
  public void stop() {
    isRunning.set(false);
    scheduler.stop();
  }

  @Override
  public boolean isRunning() {
    return isRunning.get();
  }

  /** Once those who pause have been woken up, which is done in the last phase. */
  @Override
  public int getPhase() {
    return DEFAULT_PHASE - 1;
  }
}
