package io.onnxfleet.engine.repository.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

final class VersionPolicyTest {
  private static final List<Long> VERSIONS = List.of(10L, 1L, 9L, 2L);

  @Test
  void select_takesTheHighest_whenLatest() {
    assertThat(VersionPolicy.DEFAULT.select(VERSIONS)).containsExactly(10L);
    assertThat(new VersionPolicy.Latest(2).select(VERSIONS)).containsExactly(9L, 10L);
    assertThat(new VersionPolicy.Latest(9).select(VERSIONS)).containsExactly(1L, 2L, 9L, 10L);
    assertThat(VersionPolicy.DEFAULT.select(List.of())).isEmpty();
  }

  @Test
  void select_takesEach_whenAll() {
    assertThat(new VersionPolicy.All().select(VERSIONS)).containsExactly(1L, 2L, 9L, 10L);
  }

  @Test
  void select_takesThoseThatAreThere_whenSpecific() {
    assertThat(new VersionPolicy.Specific(List.of(9L, 3L, 1L)).select(VERSIONS))
        .containsExactly(1L, 9L);
  }

  @Test
  void construction_fails_whenNothingCouldEverBeServed() {
    assertThatThrownBy(() -> new VersionPolicy.Latest(0)).hasMessageContaining(": 0 (expected");
    assertThatThrownBy(() -> new VersionPolicy.Specific(List.of())).hasMessageContaining("[]");
    assertThatThrownBy(() -> new VersionPolicy.Specific(List.of(0L))).hasMessageContaining("[0]");
  }
}
