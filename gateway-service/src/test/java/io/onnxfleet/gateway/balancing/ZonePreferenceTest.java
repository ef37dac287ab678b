package io.onnxfleet.gateway.balancing;

import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.gateway.fleet.Replica;
import io.onnxfleet.gateway.load.ReplicaLoad;
import io.onnxfleet.gateway.load.ReplicaLoads;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.springframework.cloud.client.DefaultServiceInstance;

class ZonePreferenceTest {

  private static final long MILLI = 1_000_000;

  private long now;
  private final ReplicaLoads loads = new ReplicaLoads(Duration.ofSeconds(1), 100, () -> now);
  private final Replica near = replica("near", "z1");
  private final Replica far = replica("far", "z2");
  private final Replica alsoFar = replica("also-far", "z3");
  private final ZonePreference policy =
      new ZonePreference((model, candidates) -> candidates.getFirst(), loads, "z1", 2);

  @Test
  void ownZone_isTaken_howeverManyAreElsewhere() {
    assertThat(choose(far, alsoFar, near)).isEqualTo("near");
  }

  @Test
  void requestsSpillOver_whenAnswersTakeMuchLongerAtHome() {
    ReplicaLoad home = answering("near");
    answering("far");
    home.begin(now);
    // 20 ms here, 10 ms there.
    assertThat(choose(near, far)).isEqualTo("near");
    home.begin(now);
    assertThat(choose(near, far)).isEqualTo("far");
  }

  @Test
  void requestsStay_whereOnlyCompilingMakesAnswersLonger() {
    ReplicaLoad home = answering("near", 25);
    answering("far", 10);
    home.begin(now);
    assertThat(choose(near, far)).isEqualTo("near");
  }

  @Test
  void otherZones_areTaken_whenTheOwnIsLost() {
    assertThat(choose(far, alsoFar)).isEqualTo("far");
  }

  @Test
  void replicaThatNamesNoZone_isAtHome() {
    Replica anywhere = Replicas.ready("m:1", "anywhere").getFirst();
    assertThat(choose(far, anywhere)).isEqualTo("anywhere");
  }

  @Test
  void blankZone_isTheDefaultOne() {
    ZonePreference inDefault =
        new ZonePreference(
            (model, candidates) -> candidates.getFirst(), loads, ZonePreference.orDefault(" "), 2);
    assertThat(inDefault.choose("m", List.of(far, replica("blank", ""))).id()).isEqualTo("blank");
    assertThat(choose(far, replica("blank", ""), near)).isEqualTo("near");
  }

  private String choose(Replica... candidates) {
    return policy.choose("m", List.of(candidates)).id();
  }

  private ReplicaLoad answering(String id) {
    return answering(id, 10);
  }

  private ReplicaLoad answering(String id, long millis) {
    ReplicaLoad load = loads.of("m").of(id, now);
    for (int i = 0; i < 32; i++) {
      load.begin(now).answered(now + millis * MILLI);
    }
    return load;
  }

  private static Replica replica(String id, String zone) {
    return Replica.of(
        new DefaultServiceInstance(
            id,
            "inference-service",
            "127.0.0.1",
            8081,
            false,
            Map.of("models-ready", "m:1", "zone", zone)));
  }
}
