package io.onnxfleet.gateway.probe;

import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.gateway.fleet.Replica;
import io.onnxfleet.gateway.local.LocalReplicas;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class LifeProbesTest {

  private static final Duration BOUND = Duration.ofSeconds(20);

  private final LocalReplicas local = new LocalReplicas();
  private final LifeProbes probes = new LifeProbes(local.unpooled());

  @AfterEach
  void close() {
    local.close();
  }

  @Test
  void replica_lives_whateverItAnswers() {
    assertThat(probes.lives(local.start("a", asked -> asked.answers(200, ""))).block(BOUND))
        .isTrue();
    assertThat(probes.lives(local.start("b", asked -> asked.answers(404, "{}"))).block(BOUND))
        .isTrue();
  }

  @Test
  void replica_doesNotLive_whenItsPortIsClosed_orItBreaksOff() {
    assertThat(probes.lives(local.ended("a")).block(BOUND)).isFalse();
    assertThat(probes.lives(local.start("b", asked -> asked.breaksOff())).block(BOUND)).isFalse();
  }

  @Test
  void thoseWhoAskAtOnce_shareOneProbe_andLaterOnesGetAnother() {
    Replica replica = local.start("a", asked -> {});
    List<Boolean> told = new ArrayList<>();
    probes.lives(replica).subscribe(told::add);
    probes.lives(replica).subscribe(told::add);
    local.settle();
    assertThat(local.asked()).hasSize(1);

    local.asked().getFirst().answers(200, "");
    local.settle();

    assertThat(told).containsExactly(true, true);
    probes.lives(replica).subscribe(told::add);
    local.settle();
    assertThat(local.asked()).hasSize(2);
  }
}
