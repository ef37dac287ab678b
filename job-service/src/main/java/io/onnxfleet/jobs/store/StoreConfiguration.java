package io.onnxfleet.jobs.store;

import io.onnxfleet.jobs.configuration.JobsProperties;
import io.onnxfleet.jobs.configuration.S3Properties;
import io.onnxfleet.jobs.store.s3.Bucket;
import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import javax.sql.DataSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.ssl.SslBundles;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.jdbc.core.simple.JdbcClient;

/** Wires the store, once it is sure that database and folder belong together. */
@Configuration(proxyBeanMethods = false)
class StoreConfiguration {
  private static final Logger LOGGER = LoggerFactory.getLogger(StoreConfiguration.class);

  /** What lies on the disk of each object that is under way. */
  private static final long PART_SIZE = 16 << 20;

  private static final int MOST_PARTS = 9_000;

  private static final String EMBEDDED = "H2";
  private static final List<String> SCHEDULED =
      List.of("scheduled_tasks", "scheduled_jobs", "maintenance_tasks", "webhook_task");

  @Bean
  Names names() {
    return new Names();
  }

  @Bean
  ObjectStore objectStore(
      JobsProperties properties,
      Names names,
      DataSource source,
      JdbcClient database,
      SslBundles bundles,
      InstantSource clock)
      throws IOException, SQLException {
    ObjectStore store = open(properties, names, bundles);
    boolean isUsable = false;
    try {
      begin(store, properties, names, source, database, clock);
      isUsable = true;
      return store;
    } finally {
      if (!isUsable) {
        store.close();
      }
    }
  }

  private static ObjectStore open(JobsProperties properties, Names names, SslBundles bundles)
      throws IOException {
    long minFreeSpace = properties.minFreeSpace().toBytes();
    S3Properties s3 = properties.s3();
    if (!s3.isUsed()) {
      return new ObjectStore(properties.directory(), minFreeSpace, names);
    }
    Scratch scratch = ObjectStore.scratch(properties.directory(), minFreeSpace, names);
    Bucket bucket =
        Bucket.of(
            s3,
            s3.bundle().isBlank()
                ? null
                : bundles.getBundle(s3.bundle()).getManagers().getTrustManagers());
    long partSize = Math.max(PART_SIZE, properties.maxFileSize().toBytes() / MOST_PARTS + 1);
    return new ObjectStore(
        scratch, new BucketStorage(bucket, s3.prefix(), scratch, partSize), names);
  }

  private static void begin(
      ObjectStore store,
      JobsProperties properties,
      Names names,
      DataSource source,
      JdbcClient database,
      InstantSource clock)
      throws IOException, SQLException {
    new StoreMark(database, store, names).check();
    LOGGER.info("files and answers lie in {}", store);
    if (isEmbedded(source)) {
      requireWrittenAtOnce(database);
      takeOver(database);
      new Sweep(database, store, clock).run(Duration.ofSeconds(-1));
    } else if (!properties.s3().isUsed()) {
      LOGGER.info("each job service of this database must see {}, which is a folder", store);
    }
  }

  @Bean
  Sweep sweep(JdbcClient database, ObjectStore store, InstantSource clock) {
    return new Sweep(database, store, clock);
  }

  private static boolean isEmbedded(DataSource source) throws SQLException {
    try (Connection connection = source.getConnection()) {
      return connection.getMetaData().getDatabaseProductName().equals(EMBEDDED);
    }
  }

  /** H2 would lose the last half second of what was answered. */
  private static void requireWrittenAtOnce(JdbcClient database) {
    List<String> delays =
        database
            .sql(
                "select distinct setting_value from information_schema.settings"
                    + " where setting_name = 'WRITE_DELAY'")
            .query(String.class)
            .list();
    if (!delays.equals(List.of("0"))) {
      throw new StoreConflictException(
          "spring.datasource.url: the embedded database's WRITE_DELAY is %s (expected: 0)"
              .formatted(delays));
    }
  }

  /** Nobody else has the database open: whoever worked on something has ended. */
  private static void takeOver(JdbcClient database) {
    int left = 0;
    for (String table : SCHEDULED) {
      left +=
          database
              .sql(
                  "update "
                      + table
                      + " set picked = false, picked_by = null, last_heartbeat = null,"
                      + " version = version + 1 where picked = true")
              .update();
    }
    if (left > 0) {
      LOGGER.info(
          "{} pieces of work were under way when the last process ended: they run again", left);
    }
  }
}
