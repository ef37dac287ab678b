package io.onnxfleet.jobs.observability;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.onnxfleet.jobs.MemoryDatabase;
import io.onnxfleet.jobs.configuration.JobsProperties;
import io.onnxfleet.jobs.quota.Quotas;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Map;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

class JobMetersTest {
  private static final Offset<Double> ABOUT = within(1e-9);

  private final MemoryDatabase database = MemoryDatabase.make();
  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
  private final LineTimes times = new LineTimes();

  private double backlog() {
    return registry.get("fleet.jobs.lines.backlog").gauge().value();
  }

  private void addBatch(String id, String status, int lines) {
    database.addBatch(id, "alice", "file", status);
    database.client().sql("update batch set total = ? where id = ?").params(lines, id).update();
  }

  @Test
  void backlog_isWhatOpenLinesTake_asManyAtATimeAsThereMayBe() {
    JobsProperties properties = MemoryDatabase.properties(Map.of("concurrent-lines", "8"));
    JobMeters meters =
        new JobMeters(
            database.client(),
            new Quotas(database.client(), properties),
            new DatabaseNumbers(),
            times,
            properties,
            InstantSource.system());
    meters.bindTo(registry);
    assertThat(backlog()).isZero();
    addBatch("a", "in_progress", 60);
    addBatch("b", "in_progress", 20);
    addBatch("c", "completed", 500);
    assertThat(backlog()).as("of lines of which none was answered").isEqualTo(1, ABOUT);
    times.took(Duration.ofSeconds(2));
    assertThat(backlog()).isEqualTo(20, ABOUT);
    times.took(Duration.ofSeconds(4));
    assertThat(backlog()).isEqualTo(30, ABOUT);
  }
}
