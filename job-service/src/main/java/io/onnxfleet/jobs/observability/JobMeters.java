package io.onnxfleet.jobs.observability;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import io.onnxfleet.jobs.configuration.JobsProperties;
import io.onnxfleet.jobs.quota.Quotas;
import java.time.InstantSource;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.stereotype.Component;

/**
 * What waits, as the database has it when it is asked; 0 where nothing does, no number where the
 * database does not answer. The same at each job service of one database, but for what lines take.
 * Thread-safe.
 */
@Component
public final class JobMeters implements MeterBinder {
  /** A gauge: lines of batches that have not ended, without a result. */
  static final String OPEN_LINES = "fleet.jobs.lines.open";

  /** A gauge: how long the oldest batch that has not ended has waited, in seconds. */
  static final String BACKLOG_AGE = "fleet.jobs.backlog.age";

  /**
   * A gauge: how long this process would take for the open lines, in seconds, by what lines took
   * that the gateway answered lately.
   */
  static final String BACKLOG = "fleet.jobs.lines.backlog";

  /** A gauge: single requests that wait or are under way. */
  static final String OPEN_REQUESTS = "fleet.jobs.requests.open";

  /** A gauge: bytes of all files and single requests. */
  static final String STORE_SIZE = "fleet.jobs.store.size";

  private static final String UNENDED = " from batch where status in ('validating', 'in_progress')";

  private final JdbcClient database;
  private final Quotas quotas;
  private final DatabaseNumbers numbers;
  private final LineTimes times;
  private final int linesAtATime;
  private final InstantSource clock;

  JobMeters(
      JdbcClient database,
      Quotas quotas,
      DatabaseNumbers numbers,
      LineTimes times,
      JobsProperties properties,
      InstantSource clock) {
    this.database = database;
    this.quotas = quotas;
    this.numbers = numbers;
    this.times = times;
    this.linesAtATime = properties.concurrentLines();
    this.clock = clock;
  }

  @Override
  public void bindTo(MeterRegistry registry) {
    Gauge.builder(OPEN_LINES, this, JobMeters::openLines)
        .description("Lines of batches that have not ended, without a result")
        .register(registry);
    Gauge.builder(BACKLOG_AGE, this, JobMeters::backlogAge)
        .description("How long the oldest batch that has not ended has waited")
        .baseUnit("seconds")
        .register(registry);
    Gauge.builder(BACKLOG, this, JobMeters::backlog)
        .description("How long this process would take for the open lines")
        .baseUnit("seconds")
        .register(registry);
    Gauge.builder(OPEN_REQUESTS, this, JobMeters::openRequests)
        .description("Single requests that wait or are under way")
        .register(registry);
    Gauge.builder(STORE_SIZE, this, JobMeters::storeSize)
        .description("Bytes of all files and single requests")
        .baseUnit("bytes")
        .register(registry);
  }

  double openRequests() {
    return number("select count(*) from job where status in ('queued', 'in_progress')");
  }

  double openLines() {
    return number("select coalesce(sum(total - completed - failed), 0)" + UNENDED);
  }

  double backlog() {
    return openLines() * times.meanSeconds() / linesAtATime;
  }

  double backlogAge() {
    double created = number("select coalesce(min(created_at), 0)" + UNENDED);
    return created == 0 ? 0 : clock.instant().getEpochSecond() - created;
  }

  double storeSize() {
    return numbers.ask(quotas::sizeOfAll);
  }

  private double number(String sql) {
    return numbers.ask(() -> database.sql(sql).query(Long.class).single());
  }
}
