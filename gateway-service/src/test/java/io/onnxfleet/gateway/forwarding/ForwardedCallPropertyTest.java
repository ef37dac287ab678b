package io.onnxfleet.gateway.forwarding;

import static io.onnxfleet.gateway.forwarding.Forwarded.MILLI;
import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.gateway.body.RequestBody;
import io.onnxfleet.gateway.forwarding.FakeReplicas.Try;
import io.onnxfleet.gateway.forwarding.Forwarded.Client;
import io.onnxfleet.gateway.forwarding.ReplicaFailure.Reason;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;

/** Whatever replicas, clocks and clients do: what {@link Forwarding} guarantees holds. */
class ForwardedCallPropertyTest {

  private static final int MOST_TRIES = 4;
  private static final int CALLS = 3000;
  private static final int[] STATUSES = {200, 200, 200, 400, 429, 500, 503};
  private static final List<Reason> FAILURES =
      List.of(
          Reason.REFUSED,
          Reason.RESET,
          Reason.STALE,
          Reason.CUT,
          Reason.DRAINING,
          Reason.CLOSED,
          Reason.SATURATED);

  @Test
  void calls_endOnce_andLeaveNothingBehind() throws Exception {
    long seed = Long.getLong("test.seed", 19);
    System.out.println("seed: " + seed);
    SplittableRandom random = new SplittableRandom(seed);
    for (int i = 0; i < CALLS; i++) {
      String[] ids = {"a", "b", "c", "d"};
      Forwarded forwarded =
          new Forwarded(
              1 + random.nextInt(MOST_TRIES),
              random.nextInt(4),
              List.of(ids).subList(0, 1 + random.nextInt(ids.length)).toArray(String[]::new));
      if (random.nextInt(4) > 0) {
        forwarded.vouchedFor();
      }
      for (String id : ids) {
        if (random.nextBoolean()) {
          forwarded.living.add(id);
        }
      }
      if (random.nextBoolean()) {
        forwarded.learn(20, (1 + random.nextInt(20)) * MILLI);
      }
      call(forwarded, random);
    }
  }

  private static void call(Forwarded forwarded, SplittableRandom random) throws Exception {
    int kind = random.nextInt(3);
    Client client =
        switch (kind) {
          case 0 -> forwarded.infers();
          case 1 -> forwarded.asksAbout();
          default -> forwarded.sends(new RequestBody.Streamed(Flux.empty(), -1));
        };
    boolean isReplayable = kind < 2;
    Map<String, Integer> again = new HashMap<>();
    int bodies = 0;
    boolean hasLeft = false;
    int steps = 0;
    while (client.ends == 0 && !hasLeft) {
      assertThat(++steps).as("it goes on for ever").isLessThan(1000);
      List<Try> open = forwarded.replicas.open();
      assertThat(open).hasSizeBetween(1, isReplayable ? 2 : 1);
      assertThat(forwarded.counted()).isEqualTo(open.size());
      assertThat(open.stream().map(each -> each.replica.id())).doesNotHaveDuplicates();
      assertThat(open.stream().filter(Try::hasBegun).count()).isLessThanOrEqualTo(1);
      Try one = open.get(random.nextInt(open.size()));
      if (one.hasBegun()) {
        if (random.nextInt(4) == 0) {
          one.fails(Reason.CUT);
        } else {
          one.ends();
        }
        continue;
      }
      switch (random.nextInt(10)) {
        case 0, 1, 2 -> {
          if (one.begins(STATUSES[random.nextInt(STATUSES.length)])) {
            assertThat(forwarded.replicas.open()).containsExactly(one);
          }
        }
        case 3, 4, 5, 6 -> {
          Reason reason = FAILURES.get(random.nextInt(FAILURES.size()));
          // A replica that lives may be asked once more, whichever connection broke.
          again.merge(one.replica.id(), reason.leavesExposed() ? 1 : 0, Integer::sum);
          bodies += reason.leftBodyUntouched() ? 0 : 1;
          one.fails(reason);
        }
        case 7, 8 -> forwarded.timer.advance(random.nextInt(400) * MILLI);
        default -> {
          if (random.nextInt(8) == 0) {
            client.leaves();
            hasLeft = true;
          }
        }
      }
    }
    assertThat(client.ends).isEqualTo(hasLeft ? 0 : 1);
    assertThat(forwarded.replicas.open()).isEmpty();
    assertThat(forwarded.counted()).isZero();
    assertThat(forwarded.timer.waiting()).isZero();
    assertThat(forwarded.replicas.tries().size()).isLessThanOrEqualTo(MOST_TRIES);
    if (!isReplayable) {
      assertThat(bodies).as("a streamed body is sent once").isLessThanOrEqualTo(1);
    }
    for (Try each : forwarded.replicas.tries()) {
      again.merge(each.replica.id(), each.isCancelled() ? 1 : 0, Integer::sum);
    }
    Map<String, Integer> asked = new HashMap<>();
    forwarded.replicas.asked().forEach(id -> asked.merge(id, 1, Integer::sum));
    asked.forEach(
        (id, times) ->
            assertThat(times)
                .as("tries at %s, which may be asked again as said", id)
                .isLessThanOrEqualTo(1 + again.getOrDefault(id, 0)));
    if (client.isServed()) {
      assertThat(client.answer.isComplete()).isTrue();
      assertThat(client.answer.body()).hasSize(1);
    }
  }
}
