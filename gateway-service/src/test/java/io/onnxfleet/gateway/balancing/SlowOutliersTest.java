package io.onnxfleet.gateway.balancing;

import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.gateway.fleet.Replica;
import io.onnxfleet.gateway.load.ReplicaLoads;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.springframework.cloud.client.DefaultServiceInstance;

class SlowOutliersTest {

  private static final long MILLI = 1_000_000;

  private long now = 1;
  private final ReplicaLoads loads = new ReplicaLoads(Duration.ofSeconds(1), 100, () -> now);
  private final EjectedReplicas ejected = new EjectedReplicas(Balancing.properties(), () -> now);
  private final SlowOutliers outliers = new SlowOutliers(loads, ejected, 4);
  private final List<Replica> replicas = Replicas.ready("m:1", "a", "b", "c", "slow");

  @Test
  void replica_isLeftOut_whenItIsFarSlowerThanTheOthers() {
    answering(10, "a", "b", "c");
    answering(50, "slow");
    outliers.look("m", replicas);

    assertThat(ejected.isEjected("slow")).isTrue();
    assertThat(ejected.count()).isEqualTo(1);
    assertThat(loads.of("m").of("slow", now).samples()).isZero();
  }

  @Test
  void replica_stays_whenItIsSomewhatSlower_orAllAreSlow() {
    answering(10, "a", "b", "c");
    answering(30, "slow");
    outliers.look("m", replicas);
    assertThat(ejected.count()).isZero();
  }

  @Test
  void replica_isComparedWithItsKindOnly() {
    answering(10, "a", "b", "c");
    answering(90, "cpu");
    List<Replica> mixed =
        List.of(
            replicas.get(0),
            replicas.get(1),
            replicas.get(2),
            Replica.of(
                new DefaultServiceInstance(
                    "cpu",
                    "inference-service",
                    "127.0.0.1",
                    8081,
                    false,
                    Map.of("models-ready", "m:1", "execution-providers", "cpu"))));
    outliers.look("m", mixed);
    assertThat(ejected.count()).isZero();
  }

  private void answering(long millis, String... ids) {
    for (String id : ids) {
      for (int i = 0; i < 20; i++) {
        loads.of("m").of(id, now).begin(now).answered(now + millis * MILLI);
      }
    }
  }
}
