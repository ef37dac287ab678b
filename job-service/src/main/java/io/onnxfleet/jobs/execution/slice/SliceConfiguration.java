package io.onnxfleet.jobs.execution.slice;

import com.github.kagkarlsson.scheduler.Scheduler;
import com.github.kagkarlsson.scheduler.boot.config.DbSchedulerProperties;
import com.github.kagkarlsson.scheduler.task.TaskInstance;
import com.github.kagkarlsson.scheduler.task.helper.OneTimeTask;
import com.github.kagkarlsson.scheduler.task.helper.Tasks;
import io.onnxfleet.configuration.InsideProperties;
import io.onnxfleet.jobs.batch.BatchSchedule;
import io.onnxfleet.jobs.batch.Batches;
import io.onnxfleet.jobs.configuration.JobsProperties;
import io.onnxfleet.jobs.execution.BusyException;
import io.onnxfleet.jobs.execution.GatewayLines;
import io.onnxfleet.jobs.execution.Pauses;
import io.onnxfleet.jobs.execution.StoppingException;
import io.onnxfleet.jobs.execution.WorkFailures;
import io.onnxfleet.jobs.lines.InputCheck;
import io.onnxfleet.jobs.maintenance.MaintenanceScheduler;
import io.onnxfleet.jobs.maintenance.RegularWork;
import io.onnxfleet.jobs.observability.EndCounters;
import io.onnxfleet.jobs.observability.LineTimes;
import io.onnxfleet.jobs.quota.OwnerShares;
import io.onnxfleet.jobs.scheduling.Schedulers;
import io.onnxfleet.jobs.store.Names;
import io.onnxfleet.jobs.store.ObjectStore;
import io.onnxfleet.jobs.store.Sweep;
import java.io.IOException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.Executors;
import javax.sql.DataSource;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.sql.init.dependency.DependsOnDatabaseInitialization;
import org.springframework.cloud.client.discovery.DiscoveryClient;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** Wires the work, and the scheduler that hands it out. */
@Configuration(proxyBeanMethods = false)
class SliceConfiguration {
  private static final String VALIDATE = "validate";
  private static final String SLICE = "slice";
  private static final Duration SWEEP_PAUSE = Duration.ofMinutes(10);

  /** Of the heap, for lines, and the same again for answers. */
  private static final int SHARE = 6;

  /** The scheduler is made of tasks that need this. */
  @Bean
  BatchSchedule batchSchedule(
      ObjectProvider<Scheduler> slices,
      ObjectProvider<MaintenanceScheduler> maintenance,
      InstantSource clock) {
    return new BatchSchedule() {
      @Override
      public void validate(String batchId) {
        maintenance.getObject().schedule(VALIDATE, batchId, clock.instant());
      }

      @Override
      public void work(String batchId, int slice) {
        Schedulers.scheduleNow(
            slices.getObject(), new TaskInstance<>(SLICE, batchId + ":" + slice), clock.instant());
      }
    };
  }

  @Bean(initMethod = "start", destroyMethod = "stop")
  @DependsOnDatabaseInitialization
  MaintenanceScheduler maintenanceScheduler(
      DataSource database,
      DbSchedulerProperties scheduling,
      List<RegularWork> regular,
      Batches batches,
      ObjectStore store,
      JobsProperties properties,
      Pauses pauses,
      InstantSource clock) {
    ValidationWork work =
        new ValidationWork(
            batches,
            store,
            new InputCheck(
                properties.maxLines(),
                properties.maxLineSize().toBytes(),
                properties.sliceLines(),
                properties.sliceSize().toBytes()),
            // One thread is left to what is regular.
            new OwnerShares(MaintenanceScheduler.THREADS - 1),
            pauses,
            clock);
    OneTimeTask<Void> validate =
        Tasks.oneTime(VALIDATE)
            .onFailure(WorkFailures.later())
            .execute(
                (instance, context) -> {
                  try {
                    work.run(instance.getId());
                  } catch (IOException | StoppingException | BusyException failed) {
                    throw new WorkFailures.WorkException(failed);
                  }
                });
    return new MaintenanceScheduler(database, scheduling, List.of(validate), regular);
  }

  @Bean
  OneTimeTask<Void> sliceTask(
      Batches batches,
      ObjectStore store,
      JobsProperties properties,
      InsideProperties inside,
      DiscoveryClient registry,
      Pauses pauses,
      EndCounters ends,
      LineTimes times,
      Names names,
      InstantSource clock) {
    long share = Runtime.getRuntime().maxMemory() / SHARE;
    GatewayLines gateway =
        GatewayLines.of(
            properties,
            inside.read(),
            registry,
            properties.concurrentLines(),
            share,
            times::took,
            pauses,
            clock);
    SliceWork work =
        new SliceWork(
            batches,
            store,
            gateway,
            Executors.newThreadPerTaskExecutor(Thread.ofVirtual().name("line-", 0).factory()),
            new OwnerShares(properties.concurrentSlices()),
            properties.concurrentLines(),
            share,
            properties.maxLineSize().toBytes(),
            pauses,
            ends,
            names,
            clock);
    return Tasks.oneTime(SLICE)
        .onFailure(WorkFailures.later())
        .execute(
            (instance, context) -> {
              String id = instance.getId();
              int colon = id.lastIndexOf(':');
              try {
                work.run(id.substring(0, colon), Integer.parseInt(id.substring(colon + 1)));
              } catch (Exception failed) {
                throw new WorkFailures.WorkException(failed);
              }
            });
  }

  @Bean
  RegularWork sweeps(Sweep sweep) {
    return new RegularWork("sweep", SWEEP_PAUSE, sweep::run);
  }
}
