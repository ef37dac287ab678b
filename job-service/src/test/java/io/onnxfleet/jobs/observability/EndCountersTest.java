package io.onnxfleet.jobs.observability;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.onnxfleet.jobs.batch.BatchStatus;
import io.onnxfleet.jobs.batch.Ending;
import io.onnxfleet.jobs.job.JobStatus;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class EndCountersTest {
  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
  private final EndCounters counters = new EndCounters(registry);

  private List<String> values(String name, String tag) {
    List<String> values = new ArrayList<>();
    registry.find(name).counters().forEach(counter -> values.add(counter.getId().getTag(tag)));
    return values;
  }

  private double count(String name, String value) {
    return registry.get(name).tags("outcome", value).counter().count();
  }

  @Test
  void everyEnd_hasACounterFromTheStart() {
    assertThat(values("fleet.jobs.batches.ended", "status"))
        .containsExactlyInAnyOrderElementsOf(
            Arrays.stream(BatchStatus.values())
                .filter(BatchStatus::isEnd)
                .map(BatchStatus::label)
                .toList());
    assertThat(values("fleet.jobs.lines.ended", "outcome"))
        .containsAll(Arrays.stream(Ending.values()).map(Ending::lineCode).toList())
        .contains("answered", "status_3xx", "status_4xx", "status_5xx")
        .contains("unusable_answer", "no_answer_in_time", "connection_broken");
    assertThat(values("fleet.jobs.requests.ended", "outcome"))
        .containsAll(
            Arrays.stream(JobStatus.values())
                .filter(status -> status.isEnd() && status != JobStatus.COMPLETED)
                .map(JobStatus::label)
                .toList())
        .contains("answered", "status_3xx", "status_4xx", "status_5xx");
  }

  @Test
  void lines_countByOutcome() {
    List<String> before = values("fleet.jobs.lines.ended", "outcome");
    counters.lines(
        Map.of(
            EndCounters.ANSWERED, 3, EndCounters.ofStatus(404), 2, EndCounters.ofStatus(503), 1));
    counters.lines(Map.of(EndCounters.ANSWERED, 1));
    assertThat(count("fleet.jobs.lines.ended", "answered")).isEqualTo(4);
    assertThat(count("fleet.jobs.lines.ended", "status_4xx")).isEqualTo(2);
    assertThat(count("fleet.jobs.lines.ended", "status_5xx")).isEqualTo(1);
    assertThat(values("fleet.jobs.lines.ended", "outcome"))
        .as("what is known beforehand")
        .containsExactlyInAnyOrderElementsOf(before);
  }

  @Test
  void requests_countByOutcome() {
    counters.request(EndCounters.ofAnswer(200));
    counters.request(EndCounters.ofAnswer(504));
    counters.request(JobStatus.EXPIRED.label());
    assertThat(count("fleet.jobs.requests.ended", "answered")).isEqualTo(1);
    assertThat(count("fleet.jobs.requests.ended", "status_5xx")).isEqualTo(1);
    assertThat(count("fleet.jobs.requests.ended", "expired")).isEqualTo(1);
  }

  @Test
  void batches_countByTheirLastStatus() {
    counters.batch(BatchStatus.EXPIRED.label());
    assertThat(registry.get("fleet.jobs.batches.ended").tags("status", "expired").counter().count())
        .isEqualTo(1);
  }
}
