package io.onnxfleet.gateway.balancing;

import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.gateway.fleet.Fleet;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class SlowStartTest {

  private long now;
  private final Random random = new Random(13);
  private final SlowStart slowStart =
      new SlowStart(Duration.ofSeconds(1), () -> now, random::nextInt);

  @Test
  void share_growsToAFullOne_whenAReplicaJoins() {
    update("a");
    update("a", "b");
    assertThat(share("a")).isEqualTo(1);
    assertThat(share("b")).isBetween(0.05, 0.15);
    now += Duration.ofMillis(500).toNanos();
    assertThat(share("b")).isBetween(0.45, 0.55);
    now += Duration.ofMillis(500).toNanos();
    assertThat(share("b")).isEqualTo(1);
  }

  @Test
  void firstReplicas_getAllAtOnce() {
    update();
    update("a", "b");
    assertThat(share("a")).isEqualTo(1);
    assertThat(share("b")).isEqualTo(1);
  }

  @Test
  void returningReplica_isNotNew_whileItWasOnlyVanished() {
    update("a", "b");
    slowStart.update(new Fleet(Replicas.ready("m:1", "a"), Replicas.ready("m:1", "b")));
    update("a", "b");
    assertThat(share("b")).isEqualTo(1);
  }

  @Test
  void replicaThatHasStartedAgain_isNew() {
    update("a", "b");
    slowStart.update(
        new Fleet(
            List.of(
                Replicas.ready("m:1", "a").getFirst(),
                Replicas.with(Map.of("models-ready", "m:1", "started", "2"), "b")),
            List.of()));
    assertThat(share("a")).isEqualTo(1);
    assertThat(share("b")).isBetween(0.05, 0.15);
  }

  private void update(String... ids) {
    slowStart.update(new Fleet(Replicas.ready("m:1", ids), List.of()));
  }

  private double share(String id) {
    return IntStream.range(0, 10_000).filter(i -> slowStart.mayServe(id)).count() / 10_000.0;
  }
}
