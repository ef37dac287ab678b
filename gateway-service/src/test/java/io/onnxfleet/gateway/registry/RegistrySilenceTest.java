package io.onnxfleet.gateway.registry;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class RegistrySilenceTest {

  private final List<String> said = new ArrayList<>();
  private OptionalLong since = OptionalLong.of(-1);
  private final RegistrySilence silence =
      new RegistrySilence(() -> since, "http://registry/", said::add, said::add, 0);

  @Test
  void silence_isToldOnce_andItsEndOnce() {
    for (long second = 0; second < 5; second++) {
      look(second, second % 2 * 1_000);
    }
    for (long second = 5; second < 600; second++) {
      look(second, (second - 4) * 1_000);
    }
    look(600, 500);
    look(601, 500);

    assertThat(said)
        .containsExactly(
            "the registry (http://registry/) has not answered for 6 s; the last known replicas stay",
            "the registry answers again, after 596 s");
  }

  @Test
  void registryThatNeverAnswered_isToldOf() {
    for (long second = 0; second < 60; second++) {
      look(second, -1);
    }
    look(60, 0);

    assertThat(said)
        .containsExactly(
            "the registry (http://registry/) has not answered since this gateway started",
            "the registry answers again, after 60 s");
  }

  @Test
  void nothing_isTold_whereNoRegistryIsAsked() {
    since = OptionalLong.empty();
    silence.look(TimeUnit.HOURS.toNanos(1));

    assertThat(said).isEmpty();
  }

  private void look(long second, long sinceMillis) {
    since = OptionalLong.of(sinceMillis);
    silence.look(TimeUnit.SECONDS.toNanos(second));
  }
}
