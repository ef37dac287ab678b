package io.onnxfleet.jobs.file;

import io.onnxfleet.jobs.quota.Quotas;
import io.onnxfleet.jobs.store.Names;
import io.onnxfleet.jobs.store.ObjectStore;
import java.time.InstantSource;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.support.TransactionTemplate;

/** Wires files. */
@Configuration(proxyBeanMethods = false)
class FileConfiguration {

  @Bean
  FileRecords fileRecords(JdbcClient database) {
    return new FileRecords(database);
  }

  @Bean
  ListedIds listedIds(Names names, InstantSource clock) {
    return new ListedIds(names, clock);
  }

  @Bean
  StoredFiles storedFiles(
      FileRecords records,
      ObjectStore store,
      Quotas quotas,
      PlatformTransactionManager transactions,
      ListedIds ids,
      InstantSource clock) {
    return new StoredFiles(
        records, store, quotas, new TransactionTemplate(transactions), ids, clock);
  }
}
