package io.onnxfleet.gateway.security.quota;

import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.contract.api.ErrorCode;
import io.onnxfleet.contract.fleet.InferenceUnits;
import io.onnxfleet.gateway.failure.GatewayException;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class SubjectQuotasTest {

  private static final int MOST = 4;
  private static final Quota ONE_A_MINUTE = new Quota(1, 0, 0, 0);

  private long now = Long.MAX_VALUE - 1000;
  private final SubjectQuotas quotas = new SubjectQuotas(new QuotaShare(() -> 1), MOST, () -> now);

  private QuotaUse use(String subject, Quota quota) {
    return Objects.requireNonNull(quotas.of(subject, quota));
  }

  /** Whether a request of the subject is let in; it ends at once. */
  private boolean asks(String subject) {
    QuotaUse use = use(subject, ONE_A_MINUTE);
    try {
      use.enter(now);
    } catch (GatewayException refused) {
      assertThat(refused.code()).isEqualTo(ErrorCode.QUOTA_EXCEEDED);
      return false;
    }
    use.leave();
    return true;
  }

  private int asksOften(int subjects) {
    int letIn = 0;
    for (int subject = 0; subject < subjects; subject++) {
      letIn += asks("of many " + subject) ? 1 : 0;
    }
    return letIn;
  }

  @Test
  void usedQuota_isNotForgotten_howeverManyOthersAsk() {
    assertThat(asks("ann")).isTrue();

    assertThat(asksOften(1000)).isEqualTo(MOST - 1);
    now += TimeUnit.SECONDS.toNanos(30);
    assertThat(asksOften(1000)).isZero();

    assertThat(asks("ann")).isFalse();
  }

  @Test
  void subjectsAtRest_makeRoom() {
    assertThat(asksOften(1000)).isEqualTo(MOST);
    now += TimeUnit.SECONDS.toNanos(30);
    assertThat(asks("ann")).isFalse();
    now += TimeUnit.SECONDS.toNanos(30);
    assertThat(asks("ann")).isTrue();
    assertThat(asksOften(1000)).isEqualTo(MOST - 1);
  }

  @Test
  void subjectsInDebt_orWithRequestsUnderWay_makeNone() {
    QuotaUse busy = use("busy", new Quota(0, 0, 0, 2));
    busy.enter(now);
    QuotaUse owing = use("owing", new Quota(0, 10, 0, 0));
    owing.enter(now);
    owing.charge(new InferenceUnits(30, 0), now);
    owing.leave();
    assertThat(asksOften(1000)).isEqualTo(MOST - 2);

    now += TimeUnit.SECONDS.toNanos(61);
    assertThat(asksOften(1000)).isEqualTo(MOST - 2);
    now += TimeUnit.SECONDS.toNanos(140);
    assertThat(asksOften(1000)).isEqualTo(MOST - 1);
    busy.leave();
    now += TimeUnit.SECONDS.toNanos(61);
    assertThat(asksOften(1000)).isEqualTo(MOST);
  }

  /** A caller that is kept has its use from before. */
  @Test
  void use_staysTheSubjects_whenItHasMadeRoom() {
    QuotaUse held = use("ann", ONE_A_MINUTE);
    held.enter(now);
    held.leave();
    asksOften(1000);
    now += TimeUnit.SECONDS.toNanos(61);
    assertThat(asksOften(1000)).isEqualTo(MOST);
    now += TimeUnit.SECONDS.toNanos(61);

    held.enter(now);
    held.leave();
    assertThat(use("ann", ONE_A_MINUTE)).isSameAs(held);
    assertThat(asks("ann")).isFalse();
  }
}
