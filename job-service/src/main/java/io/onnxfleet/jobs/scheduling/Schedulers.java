package io.onnxfleet.jobs.scheduling;

import com.github.kagkarlsson.scheduler.Scheduler;
import com.github.kagkarlsson.scheduler.SchedulerBuilder;
import com.github.kagkarlsson.scheduler.boot.config.DbSchedulerProperties;
import com.github.kagkarlsson.scheduler.logging.LogLevel;
import com.github.kagkarlsson.scheduler.task.Task;
import com.github.kagkarlsson.scheduler.task.TaskInstance;
import java.time.Instant;
import java.util.List;
import javax.sql.DataSource;
import org.springframework.jdbc.datasource.TransactionAwareDataSourceProxy;
import org.springframework.transaction.support.TransactionSynchronization;
import org.springframework.transaction.support.TransactionSynchronizationManager;

/**
 * Schedulers with threads and a table of their own, so that what one hands out waits for no other's
 * work. What is scheduled in a transaction is so only if that is committed. Stateless.
 */
public final class Schedulers {
  private Schedulers() {}

  /**
   * One that looks for work, and is looked after, as the one that Boot makes.
   *
   * @param tasks what is done when it is scheduled; each tells of its failures itself
   * @param times of {@code db-scheduler.*}
   */
  public static SchedulerBuilder of(
      DataSource database,
      String table,
      int threads,
      List<Task<?>> tasks,
      DbSchedulerProperties times) {
    return Scheduler.create(new TransactionAwareDataSourceProxy(database), tasks)
        .tableName(table)
        .threads(threads)
        .pollingInterval(times.getPollingInterval())
        .heartbeatInterval(times.getHeartbeatInterval())
        .missedHeartbeatsLimit(times.getMissedHeartbeatsLimit())
        .shutdownMaxWait(times.getShutdownMaxWait())
        .failureLogging(LogLevel.OFF, false);
  }

  /**
   * Has a task be done, soon. Called within the transaction that makes it necessary: both happen or
   * neither does.
   */
  public static void scheduleNow(Scheduler scheduler, TaskInstance<Void> task, Instant now) {
    scheduler.schedule(task, now);
    // Before the commit there is nothing to be seen.
    TransactionSynchronizationManager.registerSynchronization(
        new TransactionSynchronization() {
          @Override
          public void afterCommit() {
            scheduler.triggerCheckForDueExecutions();
          }
        });
  }
}
