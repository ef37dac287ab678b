package io.onnxfleet.gateway.balancing.policy;

import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.gateway.balancing.Replicas;
import io.onnxfleet.gateway.fleet.Replica;
import io.onnxfleet.gateway.load.InFlightRequests;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Random;
import org.junit.jupiter.api.Test;

class PowerOfTwoChoicesTest {

  private final InFlightRequests inFlight = new InFlightRequests();
  private final List<Replica> replicas = Replicas.ready("m:1", "a", "b", "c");

  @Test
  void choose_takesTheOneWithFewerInFlight_ofTheTwoDrawn() {
    inFlight.begin("a");
    inFlight.begin("b");
    inFlight.begin("b");

    // Draws a and b, then b and a; c with nothing in flight is not drawn.
    assertThat(drawing(0, 0).choose("m", replicas).id()).isEqualTo("a");
    assertThat(drawing(1, 0).choose("m", replicas).id()).isEqualTo("a");
    assertThat(drawing(1, 1).choose("m", replicas).id()).isEqualTo("c");
  }

  @Test
  void choose_neverDrawsTheSameTwice() {
    Random random = new Random(3);
    inFlight.begin("a");
    PowerOfTwoChoices policy = new PowerOfTwoChoices(inFlight, random::nextInt);

    for (int i = 0; i < 1000; i++) {
      assertThat(policy.choose("m", replicas).id()).isNotEqualTo("a");
    }
  }

  @Test
  void choose_spreadsEvenly_whenAllAreAlike() {
    Random random = new Random(5);
    PowerOfTwoChoices policy = new PowerOfTwoChoices(inFlight, random::nextInt);
    Map<String, Integer> chosen = new HashMap<>();

    for (int i = 0; i < 3000; i++) {
      chosen.merge(policy.choose("m", replicas).id(), 1, Integer::sum);
    }

    assertThat(chosen.values()).hasSize(3).allMatch(count -> count > 800 && count < 1200);
  }

  @Test
  void choose_takesTheOnlyOne() {
    assertThat(drawing().choose("m", replicas.subList(1, 2)).id()).isEqualTo("b");
  }

  private PowerOfTwoChoices drawing(Integer... numbers) {
    Queue<Integer> draws = new ArrayDeque<>(List.of(numbers));
    return new PowerOfTwoChoices(inFlight, bound -> draws.remove());
  }
}
