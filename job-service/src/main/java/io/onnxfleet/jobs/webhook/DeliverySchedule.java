package io.onnxfleet.jobs.webhook;

import com.github.kagkarlsson.scheduler.Scheduler;
import com.github.kagkarlsson.scheduler.boot.config.DbSchedulerProperties;
import com.github.kagkarlsson.scheduler.task.CompletionHandler;
import com.github.kagkarlsson.scheduler.task.TaskInstance;
import com.github.kagkarlsson.scheduler.task.helper.CustomTask;
import com.github.kagkarlsson.scheduler.task.helper.Tasks;
import io.onnxfleet.jobs.scheduling.Schedulers;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import javax.sql.DataSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.SmartLifecycle;

/**
 * Hands out deliveries when they are due, over threads and a table of its own: slices that wait for
 * a model delay no delivery, and an endpoint that does not answer delays no slice. A delivery is
 * handed out until it has ended, to one process at a time. Thread-safe.
 */
final class DeliverySchedule implements SmartLifecycle {
  private static final Logger LOGGER = LoggerFactory.getLogger(DeliverySchedule.class);

  private static final String TASK = "delivery";
  private static final String TABLE = "webhook_task";
  private static final Duration AFTER_FAILURE = Duration.ofSeconds(10);
  private static final Duration LAST_WAIT = Duration.ofSeconds(5);

  private final Scheduler scheduler;
  private volatile boolean running;

  DeliverySchedule(DataSource source, DeliveryWork work, int threads, DbSchedulerProperties times) {
    CustomTask<Void> task =
        Tasks.custom(TASK, Void.class)
            .onDeadExecutionRevive()
            .onFailure(
                (complete, operations) -> {
                  // What the endpoint does is no failure: the database does not answer.
                  LOGGER.error(
                      "{} failed, it will be tried again",
                      complete.getExecution().taskInstance,
                      complete.getCause().orElse(null));
                  operations.reschedule(complete, complete.getTimeDone().plus(AFTER_FAILURE));
                })
            .execute(
                (instance, context) -> completion(work.run(Delivery.Key.parse(instance.getId()))));
    // Joins the transaction of whoever adds a delivery.
    this.scheduler =
        Schedulers.of(source, TABLE, threads, List.of(task), times)
            .shutdownMaxWait(LAST_WAIT)
            .build();
  }

  private static CompletionHandler<Void> completion(Optional<Instant> next) {
    return (complete, operations) ->
        next.ifPresentOrElse(time -> operations.reschedule(complete, time), operations::remove);
  }

  /** Has a delivery handed out once its caller's transaction has been committed. */
  void add(Delivery.Key key, Instant now) {
    Schedulers.scheduleNow(scheduler, new TaskInstance<>(TASK, key.toString()), now);
  }

  @Override
  public void start() {
    scheduler.start();
    running = true;
  }

  @Override
  public void stop() {
    scheduler.stop();
    running = false;
  }

  @Override
  public boolean isRunning() {
    return running;
  }
}
