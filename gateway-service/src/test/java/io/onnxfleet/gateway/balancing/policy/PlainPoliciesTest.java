package io.onnxfleet.gateway.balancing.policy;

import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.gateway.balancing.Replicas;
import io.onnxfleet.gateway.fleet.Replica;
import io.onnxfleet.gateway.load.InFlightRequests;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class PlainPoliciesTest {

  private final List<Replica> replicas = Replicas.ready("m:1", "a", "b", "c");

  @Test
  void roundRobin_takesTurns_acrossTheOverflow() {
    RoundRobin policy = new RoundRobin(Integer.MAX_VALUE - 3);
    List<String> chosen =
        IntStream.range(0, 9).mapToObj(i -> policy.choose("m", replicas).id()).toList();

    assertThat(chosen.subList(0, 3)).containsExactlyInAnyOrder("a", "b", "c");
    assertThat(chosen).contains("a", "b", "c");
  }

  @Test
  void leastInFlight_takesTheLeastLoaded_andAnyOfEquals() {
    InFlightRequests inFlight = new InFlightRequests();
    Random random = new Random(11);
    LeastInFlight policy = new LeastInFlight(inFlight, random::nextInt);
    assertThat(IntStream.range(0, 50).mapToObj(i -> policy.choose("m", replicas).id()))
        .contains("a", "b", "c");

    inFlight.begin("a");
    inFlight.begin("c");
    for (int i = 0; i < 20; i++) {
      assertThat(policy.choose("m", replicas).id()).isEqualTo("b");
    }
  }
}
