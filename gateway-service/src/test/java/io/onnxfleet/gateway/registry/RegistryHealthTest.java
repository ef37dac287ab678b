package io.onnxfleet.gateway.registry;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.Status;

class RegistryHealthTest {

  @Test
  void gateway_isNotReady_untilTheRegistryAnsweredOnce() {
    Health never = new RegistryHealth(() -> OptionalLong.of(-1)).health();

    assertThat(never.getStatus()).isEqualTo(Status.DOWN);
    assertThat(never.getDetails())
        .containsEntry("registry", "the registry has not answered since this gateway started");
  }

  @Test
  void gateway_staysReady_whenTheRegistryIsAwayForLong() {
    Health away = new RegistryHealth(() -> OptionalLong.of(180_000)).health();

    assertThat(away.getStatus()).isEqualTo(Status.UP);
    assertThat(away.getDetails()).containsEntry("answeredMillisAgo", 180_000L);
  }

  @Test
  void gateway_isReady_withoutARegistry() {
    assertThat(new RegistryHealth(OptionalLong::empty).health().getStatus()).isEqualTo(Status.UP);
  }
}
