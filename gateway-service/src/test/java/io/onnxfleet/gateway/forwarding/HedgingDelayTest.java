package io.onnxfleet.gateway.forwarding;

import static io.onnxfleet.gateway.forwarding.Forwarded.MILLI;
import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.gateway.load.ModelLoads;
import io.onnxfleet.gateway.load.ReplicaLoads;
import io.onnxfleet.gateway.routing.RoutingProperties;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;

class HedgingDelayTest {

  private static final Duration LONG = Duration.ofMinutes(1);

  private static HedgingDelay delay(String hedged) {
    String prefix = "fleet.gateway.routing";
    return new HedgingDelay(
        new Binder(
                new MapConfigurationPropertySource(
                    Map.of(
                        prefix + ".hedged-models",
                        hedged,
                        prefix + ".stuck-factor",
                        "4",
                        prefix + ".stuck-at-least",
                        "250ms")))
            .bindOrCreate(prefix, RoutingProperties.class));
  }

  /** Of a model that takes 100 ms. */
  private static ModelLoads learned() {
    ModelLoads loads = new ReplicaLoads(Duration.ofSeconds(1), 8, () -> 0).of("m");
    for (int request = 0; request < 100; request++) {
      loads.of("a", 0).begin(0).answered(100 * MILLI);
    }
    return loads;
  }

  @Test
  void stuck_isWhatTakesLongerThanTheTail_bySomeFactor() {
    assertThat(delay("").beforeStuck(learned())).isBetween(350 * MILLI, 450 * MILLI);
  }

  @Test
  void stuck_takesFiveSeconds_whileNothingIsKnown() {
    ModelLoads unknown = new ReplicaLoads(Duration.ofSeconds(1), 8, () -> 0).of("m");
    assertThat(delay("").beforeStuck(unknown)).isEqualTo(5000 * MILLI);
    assertThat(delay("m").beforeAnother("m", unknown, LONG)).isEqualTo(5000 * MILLI);
  }

  @Test
  void secondTry_comesAfterTheTail_whereTheModelIsHedged() {
    for (String hedged : List.of("m", "*", "other,m")) {
      assertThat(delay(hedged).beforeAnother("m", learned(), LONG))
          .as(hedged)
          .isBetween(80 * MILLI, 130 * MILLI);
    }
    for (String hedged : List.of("", "other")) {
      assertThat(delay(hedged).beforeAnother("m", learned(), LONG))
          .as(hedged)
          .isGreaterThan(300 * MILLI);
    }
  }

  @Test
  void secondTry_comesAtHalfTime_whereTheDeadlineIsNear() {
    ModelLoads loads = learned();
    assertThat(delay("").beforeAnother("m", loads, Duration.ofMillis(500))).isEqualTo(250 * MILLI);
    // Not before an ordinary answer could have come twice.
    assertThat(delay("").beforeAnother("m", loads, Duration.ofMillis(10)))
        .isGreaterThan(150 * MILLI);
  }
}
