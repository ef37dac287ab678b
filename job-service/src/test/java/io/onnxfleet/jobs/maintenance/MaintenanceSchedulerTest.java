package io.onnxfleet.jobs.maintenance;

import static org.assertj.core.api.Assertions.assertThat;

import com.github.kagkarlsson.scheduler.Scheduler;
import com.github.kagkarlsson.scheduler.boot.config.DbSchedulerProperties;
import com.github.kagkarlsson.scheduler.task.helper.OneTimeTask;
import com.github.kagkarlsson.scheduler.task.helper.Tasks;
import io.onnxfleet.jobs.MemoryDatabase;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

@ExtendWith(OutputCaptureExtension.class)
class MaintenanceSchedulerTest {
  private static final Set<Thread.State> WAITING =
      EnumSet.of(Thread.State.WAITING, Thread.State.TIMED_WAITING);

  @Test
  void whatFails_isTold_andDoneAgain(CapturedOutput output) throws InterruptedException {
    CountDownLatch twice = new CountDownLatch(2);
    RegularWork broken =
        new RegularWork(
            "broken",
            Duration.ofMillis(1),
            () -> {
              twice.countDown();
              throw new IOException("no such folder");
            });
    DbSchedulerProperties properties = new DbSchedulerProperties();
    properties.setPollingInterval(Duration.ofMillis(50));
    MaintenanceScheduler scheduler =
        new MaintenanceScheduler(
            MemoryDatabase.make().source(), properties, List.of(), List.of(broken));
    scheduler.start();
    try {
      assertThat(twice.await(30, TimeUnit.SECONDS)).isTrue();
    } finally {
      scheduler.stop();
    }
    assertThat(output).contains("broken failed", "no such folder");
  }

  /** Between the limit that is given and the default one. */
  @Test
  void whoIsSilentForAsLongAsIsGiven_isTakenForDead() throws InterruptedException {
    MemoryDatabase database = MemoryDatabase.make();
    DbSchedulerProperties times = new DbSchedulerProperties();
    times.setPollingInterval(Duration.ofMillis(50));
    times.setHeartbeatInterval(Duration.ofHours(1));
    times.setMissedHeartbeatsLimit(4);
    CountDownLatch done = new CountDownLatch(1);
    OneTimeTask<Void> task =
        Tasks.oneTime("judged").execute((instance, context) -> done.countDown());
    database
        .client()
        .sql(
            """
            insert into maintenance_tasks (task_name, task_instance, execution_time, picked,
              picked_by, last_heartbeat, version)
            values ('judged', 'a', ?, true, 'somebody', ?, 1)
            """)
        .params(hoursAgo(5), hoursAgo(5))
        .update();
    MaintenanceScheduler scheduler =
        new MaintenanceScheduler(database.source(), times, List.of(task), List.of());
    scheduler.start();
    try {
      assertThat(done.await(30, TimeUnit.SECONDS)).isTrue();
    } finally {
      scheduler.stop();
    }
  }

  /** It looks once when it is started, and by itself again after an hour. */
  @Test
  void whatIsScheduled_isDoneOnceItIsCommitted() throws InterruptedException {
    MemoryDatabase database = MemoryDatabase.make();
    DbSchedulerProperties times = new DbSchedulerProperties();
    times.setPollingInterval(Duration.ofHours(1));
    CountDownLatch done = new CountDownLatch(1);
    OneTimeTask<Void> task =
        Tasks.oneTime("judged").execute((instance, context) -> done.countDown());
    MaintenanceScheduler scheduler =
        new MaintenanceScheduler(database.source(), times, List.of(task), List.of());
    scheduler.start();
    try {
      awaitIdle();
      database
          .transactions()
          .executeWithoutResult(
              transaction -> {
                scheduler.schedule("judged", "a", Instant.now());
                // A look that comes too early is over.
                awaitIdle();
              });
      assertThat(done.await(30, TimeUnit.SECONDS)).isTrue();
    } finally {
      scheduler.stop();
    }
  }

  /** Until no scheduler does anything. */
  private static void awaitIdle() {
    while (!Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().startsWith(Scheduler.THREAD_PREFIX))
        .allMatch(thread -> WAITING.contains(thread.getState()))) {
      Thread.onSpinWait();
    }
  }

  private static OffsetDateTime hoursAgo(int hours) {
    return OffsetDateTime.now(ZoneOffset.UTC).minusHours(hours);
  }
}
