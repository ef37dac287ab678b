package io.onnxfleet.jobs.execution.single;

import com.github.kagkarlsson.scheduler.boot.config.DbSchedulerProperties;
import com.github.kagkarlsson.scheduler.task.Task;
import com.github.kagkarlsson.scheduler.task.helper.Tasks;
import io.onnxfleet.configuration.InsideProperties;
import io.onnxfleet.jobs.configuration.JobsProperties;
import io.onnxfleet.jobs.execution.BusyException;
import io.onnxfleet.jobs.execution.GatewayLines;
import io.onnxfleet.jobs.execution.Pauses;
import io.onnxfleet.jobs.execution.StoppingException;
import io.onnxfleet.jobs.execution.WorkFailures;
import io.onnxfleet.jobs.job.JobSchedule;
import io.onnxfleet.jobs.job.Jobs;
import io.onnxfleet.jobs.quota.OwnerShares;
import io.onnxfleet.jobs.store.ObjectStore;
import java.io.IOException;
import java.time.InstantSource;
import javax.sql.DataSource;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.cloud.client.discovery.DiscoveryClient;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** Wires the work on single requests. */
@Configuration(proxyBeanMethods = false)
class JobQueueConfiguration {
  /** Of the heap, for answers; as much again as those of lines have. */
  private static final int SHARE = 6;

  /** The queue is made of work that needs this. */
  @Bean
  JobSchedule jobSchedule(ObjectProvider<JobQueue> queue) {
    return id -> queue.getObject().work(id);
  }

  @Bean
  JobQueue jobQueue(
      DataSource database,
      DbSchedulerProperties times,
      Jobs jobs,
      ObjectStore store,
      JobsProperties properties,
      InsideProperties inside,
      DiscoveryClient registry,
      Pauses pauses,
      InstantSource clock) {
    GatewayLines gateway =
        GatewayLines.of(
            properties,
            inside.read(),
            registry,
            properties.concurrentJobs(),
            Runtime.getRuntime().maxMemory() / SHARE,
            time -> {},
            pauses,
            clock);
    JobWork work =
        new JobWork(
            jobs, store, gateway, new OwnerShares(properties.concurrentJobs()), pauses, clock);
    // No bean, or the other scheduler would take it for one of its own.
    Task<Void> task =
        Tasks.oneTime(JobQueue.TASK)
            .onFailure(WorkFailures.later())
            .execute((instance, context) -> run(work, instance.getId()));
    return new JobQueue(database, task, properties.concurrentJobs(), times, clock);
  }

  private static void run(JobWork work, String id) {
    try {
      work.run(id);
    } catch (IOException | StoppingException | BusyException failed) {
      throw new WorkFailures.WorkException(failed);
    } catch (InterruptedException stopped) {
      throw new WorkFailures.WorkException(new StoppingException());
    }
  }
}
