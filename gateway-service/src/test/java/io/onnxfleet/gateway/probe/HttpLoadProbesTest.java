package io.onnxfleet.gateway.probe;

import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.contract.api.HeaderNames;
import io.onnxfleet.contract.fleet.LoadReport;
import io.onnxfleet.gateway.balancing.EjectedReplicas;
import io.onnxfleet.gateway.balancing.TestBalancer;
import io.onnxfleet.gateway.fleet.Replica;
import io.onnxfleet.gateway.load.ReplicaLoads;
import io.onnxfleet.gateway.local.LocalReplicas;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class HttpLoadProbesTest {

  private static final int MOST_PER_SECOND = 4;

  private long now = 1;
  private final LocalReplicas local = new LocalReplicas();
  private final EjectedReplicas ejected = TestBalancer.ejected(() -> now);
  private final ReplicaLoads loads = new ReplicaLoads(Duration.ofSeconds(1), 8, () -> now);
  private final List<Replica> leaving = new ArrayList<>();
  private final HttpLoadProbes probes =
      new HttpLoadProbes(local.pooled(), loads, ejected, leaving::add, MOST_PER_SECOND, () -> now);

  @AfterEach
  void close() {
    local.close();
  }

  private void probe(Replica replica) {
    probes.probe(replica, "m");
    local.settle();
  }

  private void pass(Duration time) {
    now += time.toNanos();
  }

  @Test
  void report_isKept_andTheReplicaIsBack() {
    Replica replica =
        local.start(
            "a",
            asked ->
                asked.answers(
                    200, "", HeaderNames.LOAD_METRICS, new LoadReport(7, 0, 0.5).asText()));
    ejected.eject("a");
    pass(Duration.ofSeconds(2));
    assertThat(ejected.presence("a")).isEqualTo(EjectedReplicas.Presence.DUE);

    probe(replica);

    assertThat(local.asked().getFirst().uri()).isEqualTo("/v2/models/m/load");
    assertThat(ejected.presence("a")).isEqualTo(EjectedReplicas.Presence.ON_PROBATION);
    assertThat(loads.of("m").of("a", now).heardAt()).isEqualTo(now);
  }

  @Test
  void answerWithoutAReport_saysThatTheReplicaIsThere_andNothingElse() {
    pass(Duration.ofSeconds(2));
    long before = loads.of("m").of("a", now).heardAt();
    pass(Duration.ofSeconds(2));
    probe(local.start("a", asked -> asked.answers(404, "")));
    assertThat(loads.of("m").of("a", now).heardAt()).isEqualTo(before);
    assertThat(ejected.count()).isZero();
  }

  @Test
  void replicaThatDrains_isLeftOut_andNamed() {
    Replica replica =
        local.start(
            "a", asked -> asked.answers(503, "", HeaderNames.REPLICA_STATE, HeaderNames.DRAINING));
    probe(replica);
    assertThat(leaving).containsExactly(replica);
    assertThat(ejected.isEjected("a")).isTrue();
  }

  @Test
  void replicaThatCannotBeReached_isLeftOut() {
    probe(local.ended("a"));
    probe(local.start("b", asked -> asked.breaksOff()));
    assertThat(ejected.isEjected("a")).isTrue();
    assertThat(ejected.isEjected("b")).isTrue();
    assertThat(leaving).isEmpty();
  }

  @Test
  void probes_areNoMoreThanTheRate() {
    Replica replica = local.start("a", asked -> asked.answers(200, ""));
    for (int i = 0; i < 3 * MOST_PER_SECOND; i++) {
      probe(replica);
    }
    assertThat(local.asked()).hasSize(MOST_PER_SECOND);
    pass(Duration.ofMillis(500));
    for (int i = 0; i < MOST_PER_SECOND; i++) {
      probe(replica);
    }
    assertThat(local.asked()).hasSize(MOST_PER_SECOND + MOST_PER_SECOND / 2);
    pass(Duration.ofHours(1));
    for (int i = 0; i < 3 * MOST_PER_SECOND; i++) {
      probe(replica);
    }
    assertThat(local.asked()).hasSize(2 * MOST_PER_SECOND + MOST_PER_SECOND / 2);
  }
}
