package io.onnxfleet.gateway.security.credential;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.onnxfleet.gateway.security.quota.Quota;
import io.onnxfleet.gateway.security.quota.QuotaShare;
import io.onnxfleet.gateway.security.quota.QuotaUse;
import io.onnxfleet.gateway.security.quota.SubjectQuotas;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class TokenQuotasTest {

  private static final Quota GOLD = new Quota(600, 0, 0, 8);
  private static final Quota USUAL = new Quota(60, 0, 0, 0);

  private final SubjectQuotas subjects = new SubjectQuotas(new QuotaShare(() -> 1), 100, () -> 0L);
  private final TokenQuotas quotas = new TokenQuotas(Map.of("gold", GOLD), USUAL, subjects);

  private @Nullable Quota quota(@Nullable Object claim) {
    QuotaUse use = quotas.of("ann", claim);
    return use == null ? null : use.quota();
  }

  @Test
  void claim_namesAQuota_orHoldsOne_orTheDefaultOneCounts() {
    assertThat(quota(null)).isEqualTo(USUAL);
    assertThat(quota("gold")).isEqualTo(GOLD);
    assertThat(quota(Map.of("rows_per_minute", 5L, "concurrent_requests", 2)))
        .isEqualTo(new Quota(0, 5, 0, 2));
    assertThat(new TokenQuotas(Map.of(), Quota.NONE, subjects).of("ann", null)).isNull();
  }

  @Test
  void claim_isRefused_ratherThanPassedOver() {
    assertThatThrownBy(() -> quota("platinum")).hasMessage("'platinum' (expected: one of [gold])");
    assertThatThrownBy(() -> quota(Map.of("requests", 1)))
        .hasMessageStartingWith("unknown key 'requests' (expected: concurrent_requests, ");
    for (Object odd : List.of(0, -1, 1.5, "60", 5_000_000_000L, true)) {
      assertThatThrownBy(() -> quota(Map.of("requests_per_minute", odd)))
          .hasMessage("requests_per_minute: " + odd + " (expected: a whole number, at least 1)");
    }
    assertThatThrownBy(() -> quota(List.of("gold")))
        .hasMessage("[gold] (expected: a name, or an object)");
  }

  @Test
  void use_isTheSubjects_andNotTheTokens() {
    assertThat(quotas.of("ann", "gold")).isSameAs(quotas.of("ann", "gold"));
    assertThat(quotas.of("ann", "gold")).isNotSameAs(quotas.of("bob", "gold"));
    assertThat(quotas.of("ann", "gold")).isNotSameAs(quotas.of("ann", null));
  }
}
