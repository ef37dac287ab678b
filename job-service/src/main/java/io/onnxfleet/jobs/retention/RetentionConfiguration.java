package io.onnxfleet.jobs.retention;

import io.micrometer.core.instrument.MeterRegistry;
import io.onnxfleet.jobs.batch.BatchRecords;
import io.onnxfleet.jobs.configuration.JobsProperties;
import io.onnxfleet.jobs.file.FileRecords;
import io.onnxfleet.jobs.maintenance.RegularWork;
import io.onnxfleet.jobs.quota.Quotas;
import io.onnxfleet.jobs.store.ObjectStore;
import java.time.Duration;
import java.time.InstantSource;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.support.TransactionTemplate;

/** Wires what removes. */
@Configuration(proxyBeanMethods = false)
class RetentionConfiguration {
  private static final Duration PAUSE = Duration.ofMinutes(1);

  @Bean
  Retention retention(
      JdbcClient database,
      BatchRecords batches,
      FileRecords files,
      PlatformTransactionManager transactions,
      ObjectStore store,
      Quotas quotas,
      JobsProperties properties,
      InstantSource clock,
      MeterRegistry meters) {
    return new Retention(
        new RetentionRecords(
            database, batches, files, quotas, new TransactionTemplate(transactions)),
        store,
        quotas,
        properties.retention(),
        properties.maxStoreSize().toBytes(),
        clock,
        meters);
  }

  @Bean
  RegularWork removals(Retention retention) {
    return new RegularWork("retention", PAUSE, retention::run);
  }
}
