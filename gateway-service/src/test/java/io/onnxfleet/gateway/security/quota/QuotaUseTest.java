package io.onnxfleet.gateway.security.quota;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.onnxfleet.contract.api.ErrorCode;
import io.onnxfleet.contract.fleet.InferenceUnits;
import io.onnxfleet.gateway.failure.GatewayException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class QuotaUseTest {

  private final AtomicInteger gateways = new AtomicInteger(1);
  private final QuotaShare share = new QuotaShare(gateways::get);
  private long now = 1;

  @Test
  void requests_countWhenTheyCome_andComeBackWithTime() {
    QuotaUse use = new QuotaUse(new Quota(60, 0, 0, 0), share, now);
    for (int i = 0; i < 60; i++) {
      use.enter(now);
      use.leave();
    }

    assertThatThrownBy(() -> use.enter(now))
        .isInstanceOfSatisfying(
            GatewayException.class,
            refused -> assertThat(refused.code()).isEqualTo(ErrorCode.QUOTA_EXCEEDED))
        .hasMessage("requests_per_minute: used up (expected: <= 60 for these credentials)");
    now += TimeUnit.SECONDS.toNanos(1);
    use.enter(now);
    assertThatThrownBy(() -> use.enter(now)).isInstanceOf(GatewayException.class);
  }

  /** Two threads look at the clock in one order and come here in the other. */
  @Test
  void time_fillsButOnce_whenRequestsComeOutOfOrder() {
    long later = now + TimeUnit.SECONDS.toNanos(2);
    QuotaUse use = new QuotaUse(new Quota(60, 0, 0, 0), share, now);
    assertThat(entered(use, 100)).isEqualTo(60);
    for (int i = 0; i < 5; i++) {
      long earlier = now;
      now = later;
      assertThat(entered(use, 100)).isEqualTo(i == 0 ? 2 : 0);
      now = earlier;
      assertThat(entered(use, 1)).isZero();
    }
  }

  @Test
  void rowsAndTokens_areChargedAfterwards_andAKeyInDebtWaits() {
    QuotaUse use = new QuotaUse(new Quota(0, 600, 6000, 0), share, now);
    use.enter(now);
    use.charge(new InferenceUnits(100, 12_000), now);
    use.leave();

    // 6,000 tokens of debt at 100 a second.
    assertThatThrownBy(() -> use.enter(now)).hasMessageStartingWith("tokens_per_minute: used up");
    now += TimeUnit.SECONDS.toNanos(59);
    assertThatThrownBy(() -> use.enter(now)).isInstanceOf(GatewayException.class);
    now += TimeUnit.SECONDS.toNanos(1);
    assertThatCode(() -> use.enter(now)).doesNotThrowAnyException();

    use.charge(new InferenceUnits(10_000, 0), now);
    assertThatThrownBy(() -> use.enter(now)).hasMessageStartingWith("rows_per_minute: used up");
  }

  @Test
  void concurrency_isGivenBack_alsoWhenTheRateRefuses() {
    QuotaUse use = new QuotaUse(new Quota(2, 0, 0, 1), share, now);
    use.enter(now);
    assertThatThrownBy(() -> use.enter(now)).hasMessageStartingWith("concurrent_requests: used up");
    use.leave();
    use.enter(now);
    use.leave();
    assertThatThrownBy(() -> use.enter(now)).hasMessageStartingWith("requests_per_minute");
    now += TimeUnit.MINUTES.toNanos(1);
    assertThatCode(() -> use.enter(now)).doesNotThrowAnyException();
  }

  @Test
  void quota_isShared_byTheNumberOfGateways() {
    QuotaUse use = new QuotaUse(new Quota(60, 0, 0, 4), share, now);
    gateways.set(2);
    share.refresh();
    assertThat(entered(use, 100)).isEqualTo(2);
    for (int i = 0; i < 2; i++) {
      use.leave();
    }
    int granted = 2;
    while (entered(use, 1) == 1) {
      use.leave();
      granted++;
    }
    assertThat(granted).isEqualTo(30);

    gateways.set(1);
    share.refresh();
    now += TimeUnit.SECONDS.toNanos(1);
    assertThat(entered(use, 100)).isEqualTo(1);
  }

  @Test
  void share_staysAsItWas_whileNobodyKnowsHowManyGatewaysThereAre() {
    QuotaShare unknown =
        new QuotaShare(
            () -> {
              if (gateways.get() == 0) {
                throw new IllegalStateException("no registry");
              }
              return gateways.get();
            });
    gateways.set(4);
    unknown.refresh();
    gateways.set(0);
    unknown.refresh();

    assertThat(unknown.now()).isEqualTo(0.25);
  }

  private int entered(QuotaUse use, int tries) {
    int entered = 0;
    for (int i = 0; i < tries; i++) {
      try {
        use.enter(now);
        entered++;
      } catch (GatewayException refused) {
        assertThat(refused.code()).isEqualTo(ErrorCode.QUOTA_EXCEEDED);
      }
    }
    return entered;
  }
}
