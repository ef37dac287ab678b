package io.onnxfleet.jobs.job;

import io.onnxfleet.jobs.configuration.JobsProperties;
import io.onnxfleet.jobs.observability.EndCounters;
import io.onnxfleet.jobs.quota.Quotas;
import io.onnxfleet.jobs.store.Names;
import io.onnxfleet.jobs.store.ObjectStore;
import io.onnxfleet.jobs.webhook.Webhooks;
import java.time.InstantSource;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.springframework.context.SmartLifecycle;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.support.TransactionTemplate;

/** Wires jobs. */
@Configuration(proxyBeanMethods = false)
class JobConfiguration {
  private static final int MOST_WAITS = 1024;
  private static final long LOOK_EVERY_MILLIS = 250;

  @Bean
  JobWaits jobWaits(JdbcClient database) {
    return new JobWaits(new JobRecords(database), MOST_WAITS);
  }

  @Bean
  Jobs jobs(
      JdbcClient database,
      ObjectStore store,
      Quotas quotas,
      JobSchedule schedule,
      Webhooks webhooks,
      PlatformTransactionManager transactions,
      Names names,
      InstantSource clock,
      JobsProperties properties,
      JobWaits waits,
      EndCounters counters) {
    return new Jobs(
        new JobRecords(database),
        store,
        quotas,
        schedule,
        webhooks,
        new TransactionTemplate(transactions),
        names,
        clock,
        new Jobs.Terms(
            properties.jobWindow(),
            Math.max(1, properties.concurrentJobs() / 2),
            properties.maxOpenRequests()),
        (id, outcome) -> {
          waits.ended(id);
          counters.request(outcome);
        });
  }

  /** Ends the waits before the server waits for the requests that wait. */
  @Bean
  SmartLifecycle lookForEnds(JobWaits waits) {
    ScheduledExecutorService thread =
        Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("job-ends").factory());
    AtomicReference<@Nullable Future<?>> looks = new AtomicReference<>();
    return new SmartLifecycle() {
      @Override
      public void start() {
        looks.set(
            thread.scheduleWithFixedDelay(
                waits::look, LOOK_EVERY_MILLIS, LOOK_EVERY_MILLIS, TimeUnit.MILLISECONDS));
      }

      @Override
      public void stop() {
        looks.set(null);
        waits.stop();
        thread.shutdown();
      }

      @Override
      public boolean isRunning() {
        return looks.get() != null;
      }
    };
  }
}
