package io.onnxfleet.jobs.batch;

import io.onnxfleet.jobs.configuration.JobsProperties;
import io.onnxfleet.jobs.file.FileRecords;
import io.onnxfleet.jobs.file.ListedIds;
import io.onnxfleet.jobs.observability.EndCounters;
import io.onnxfleet.jobs.quota.Quotas;
import io.onnxfleet.jobs.webhook.Webhooks;
import java.time.InstantSource;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.support.TransactionTemplate;

/** Wires batches. */
@Configuration(proxyBeanMethods = false)
class BatchConfiguration {
  /** Slices that are queued at a time. */
  private static final int OF_ONE_BATCH = 4;

  @Bean
  BatchRecords batchRecords(JdbcClient database, EndCounters ends) {
    return new BatchRecords(database, status -> ends.batch(status.label()));
  }

  @Bean
  Batches batches(
      BatchRecords records,
      JdbcClient database,
      JdbcTemplate template,
      FileRecords files,
      Quotas quotas,
      BatchSchedule schedule,
      Webhooks webhooks,
      PlatformTransactionManager transactions,
      ListedIds ids,
      InstantSource clock,
      JobsProperties properties) {
    return new Batches(
        records,
        new SliceRecords(database, template),
        files,
        quotas,
        schedule,
        webhooks,
        new TransactionTemplate(transactions),
        ids,
        clock,
        Math.min(OF_ONE_BATCH, properties.concurrentSlices()));
  }
}
