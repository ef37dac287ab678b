package io.onnxfleet.gateway.family;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class VariantGateTest {

  private static final FamilyProperties PROPERTIES =
      new FamilyProperties(
          0.6, Duration.ofSeconds(1), Duration.ofSeconds(5), Duration.ofSeconds(60));
  private static final double CALM = 50;
  private static final double CROWD = 200;

  private long now = 1;
  private final VariantGate gate = new VariantGate(PROPERTIES, now);

  @Test
  void gate_staysOpen_whenSingleRequestsDoNotFit() {
    for (int i = 0; i < 100; i++) {
      assertThat(gate.admits(i % 6 != 0, CALM, pass(20))).isEqualTo(i % 6 != 0);
    }
    assertThat(gate.isOpen()).isTrue();
  }

  @Test
  void gate_closesAtOnce_whenRequestsStopFitting() {
    breakAt(CROWD);

    assertThat(gate.isOpen()).isFalse();
    // Its estimate is good again, since nothing is sent there, and as many requests come.
    assertThat(admitted(40, Duration.ofSeconds(4), CROWD)).isZero();
  }

  @Test
  void gate_returnsByAGrowingShare_whenFewerRequestsComeThanBrokeIt() {
    breakAt(CROWD);

    assertThat(admitted(10, Duration.ofMillis(900), CALM)).isZero();
    assertThat(admitted(1, Duration.ofMillis(200), CALM)).isOne();
    int early = admitted(40, Duration.ofMillis(400), CALM);
    int late = admitted(40, Duration.ofMillis(400), CALM);
    assertThat(early).isBetween(4, 10);
    assertThat(late).isBetween(2 * early - 3, 2 * early + 3);
    assertThat(admitted(40, Duration.ofSeconds(1), CALM)).isGreaterThan(25);
    assertThat(gate.isOpen()).isTrue();
  }

  @Test
  void gate_isTriedSeldomer_eachTimeThatItFails() {
    breakAt(CALM);

    assertThat(admitted(100, Duration.ofMillis(4_900), CALM)).isZero();
    assertThat(admitted(1, Duration.ofMillis(200), CALM)).isOne();
    breakAt(CALM);
    assertThat(admitted(100, Duration.ofMillis(9_900), CALM)).isZero();
    assertThat(admitted(1, Duration.ofMillis(200), CALM)).isOne();
  }

  @Test
  void gate_letsOneRequestASecondLearn_whenItsForecastStaysBad() {
    breakAt(CROWD);

    int learning = 0;
    for (int i = 0; i < 50; i++) {
      learning += gate.admits(false, CALM, pass(100)) ? 1 : 0;
    }

    assertThat(learning).isBetween(4, 5);
    assertThat(gate.isOpen()).isFalse();
  }

  private void breakAt(double perSecond) {
    for (int i = 0; i < 5; i++) {
      gate.admits(false, perSecond, pass(1));
    }
  }

  /** Of so many requests that fit and come evenly over the time. */
  private int admitted(int requests, Duration over, double perSecond) {
    int admitted = 0;
    for (int i = 0; i < requests; i++) {
      now += over.toNanos() / requests;
      admitted += gate.admits(true, perSecond, now) ? 1 : 0;
    }
    return admitted;
  }

  private long pass(long millis) {
    now += Duration.ofMillis(millis).toNanos();
    return now;
  }
}
