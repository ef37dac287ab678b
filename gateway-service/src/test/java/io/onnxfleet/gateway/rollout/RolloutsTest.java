package io.onnxfleet.gateway.rollout;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.onnxfleet.contract.api.HeaderNames;
import io.onnxfleet.gateway.fleet.Fleet;
import io.onnxfleet.gateway.fleet.ModelReference;
import io.onnxfleet.gateway.fleet.OneReplica;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.springframework.http.HttpHeaders;
import org.springframework.util.unit.DataSize;

class RolloutsTest {

  private static final ModelReference MODEL = new ModelReference("m", null);
  private static final ModelReference FIRST = new ModelReference("m", "1");
  private static final ModelReference SECOND = new ModelReference("m", "2");
  private static final int REQUESTS = 10_000;

  private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
  private final SplittableRandom random = new SplittableRandom(7);
  private Fleet fleet = ready("m:1,m:2");
  private long now = 1;
  private final Rollouts rollouts =
      new Rollouts(
          () -> fleet,
          new RolloutProperties(
              List.of(), Duration.ofMinutes(1), 50, 0.02, 1.5, 16, DataSize.ofMegabytes(1), 0.001),
          new RolloutMetrics(meters),
          random::nextDouble,
          () -> now);

  private static Fleet ready(String models) {
    return OneReplica.with(Map.of("models-ready", models));
  }

  private static HttpHeaders key(int number) {
    HttpHeaders headers = new HttpHeaders();
    headers.set(HeaderNames.ROLLOUT_KEY, "caller " + number);
    return headers;
  }

  private Assignment assign(HttpHeaders headers) {
    return Objects.requireNonNull(rollouts.assign(MODEL, headers));
  }

  private void follow(double weight, double shadow) {
    rollouts.put(new RolloutPlan("m", "1", "2", weight, shadow));
  }

  private Rollout rollout() {
    return rollouts.all().getFirst();
  }

  @Test
  void nothing_isAssigned_whenNothingIsRolledOutOrAVersionIsNamed() {
    assertThat(rollouts.assign(MODEL, new HttpHeaders())).isNull();
    follow(0.5, 0);
    assertThat(rollouts.assign(SECOND, new HttpHeaders())).isNull();
  }

  @Test
  void requests_areSharedByWeight() {
    follow(0.1, 0.3);
    int candidate = 0;
    int shadowed = 0;
    for (int i = 0; i < REQUESTS; i++) {
      Assignment assignment = assign(new HttpHeaders());
      candidate += assignment.arm() == Arm.CANDIDATE ? 1 : 0;
      shadowed += assignment.isShadowed() ? 1 : 0;
      assertThat(assignment.model()).isEqualTo(assignment.arm() == Arm.CANDIDATE ? SECOND : FIRST);
    }
    assertThat((double) candidate / REQUESTS).isCloseTo(0.1, within(0.01));
    assertThat((double) shadowed / REQUESTS).isCloseTo(0.9 * 0.3, within(0.015));
    assertThat(meters.get("fleet.gateway.rollout.weight").gauge().value()).isEqualTo(0.1);
  }

  @Test
  void key_staysOnItsSide_andOnlyMovesToTheCandidateAsTheWeightGrows() {
    List<Integer> before = new ArrayList<>();
    for (double weight : new double[] {0.05, 0.2, 0.6}) {
      follow(weight, 0);
      List<Integer> now = new ArrayList<>();
      for (int caller = 0; caller < REQUESTS; caller++) {
        Arm arm = assign(key(caller)).arm();
        assertThat(assign(key(caller)).arm()).isEqualTo(arm);
        if (arm == Arm.CANDIDATE) {
          now.add(caller);
        }
      }
      assertThat((double) now.size() / REQUESTS).isCloseTo(weight, within(0.015));
      assertThat(now).containsAll(before);
      before = now;
    }
  }

  @Test
  void other_answers_whenASideIsNotReady() {
    follow(1, 0);
    fleet = ready("m:1");
    assertThat(assign(new HttpHeaders()).model()).isEqualTo(FIRST);
    follow(0, 0);
    fleet = ready("m:2");
    assertThat(assign(new HttpHeaders()).model()).isEqualTo(SECOND);
  }

  @Test
  void candidate_isTakenBackWithTheReason_whenItFailsMore() {
    follow(0.5, 0);
    for (int i = 0; i < 200; i++) {
      end(Arm.STABLE, i % 100 == 0 ? 500 : 200, 10);
      end(Arm.CANDIDATE, i % 5 == 0 ? 500 : 200, 10);
    }

    assertThat(rollout().returnedBecause())
        .contains("% of its requests failed", "(expected: at most 2.0 % more)");
    assertThat(rollout().plan().weight()).isZero();
    assertThat(assign(key(1)).model()).isEqualTo(FIRST);
    assertThat(
            meters
                .get("fleet.gateway.rollout.returns")
                .tags("model", "m", "reason", "errors")
                .counter()
                .count())
        .isEqualTo(1);
    assertThat(meters.get("fleet.gateway.rollout.weight").gauge().value()).isZero();
    assertThat(RolloutListing.of(rollouts, any -> true).get(0).path("state").asString(""))
        .isEqualTo("RETURNED");
  }

  @Test
  void candidate_isTakenBack_whenItIsSlower() {
    follow(0.5, 0);
    for (int i = 0; i < 100; i++) {
      end(Arm.STABLE, 200, 10);
      end(Arm.CANDIDATE, 200, 25);
    }

    assertThat(rollout().returnedBecause()).contains("95 % of its answers take up to");
  }

  @Test
  void candidate_stays_whenBothFailOrSlowDownAlike() {
    follow(0.5, 0);
    SplittableRandom luck = new SplittableRandom(3);
    for (int i = 0; i < 20_000; i++) {
      long millis = i < 10_000 ? 10 : 40;
      end(Arm.STABLE, luck.nextInt(100) < 5 ? 400 : 200, millis);
      end(Arm.CANDIDATE, luck.nextInt(100) < 5 ? 400 : 200, millis);
      end(Arm.CANDIDATE, 429, 1);
    }

    assertThat(rollout().returnedBecause()).isNull();
  }

  @Test
  void candidate_getsAnotherChance_whenANewPlanSaysSo() {
    follow(0.5, 0);
    for (int i = 0; i < 100; i++) {
      end(Arm.STABLE, 200, 10);
      end(Arm.CANDIDATE, 500, 10);
    }
    assertThat(rollout().returnedBecause()).isNotNull();

    follow(1, 0);

    assertThat(assign(new HttpHeaders()).arm()).isEqualTo(Arm.CANDIDATE);
    assertThat(rollouts.remove("m")).isTrue();
    assertThat(rollouts.remove("m")).isFalse();
    assertThat(meters.getMeters()).isEmpty();
  }

  @Test
  void plan_isRefusedWithValueAndExpectation_whenItMakesNoSense() {
    assertThatThrownBy(() -> new RolloutPlan("m", "1", "2", 1.5, 0))
        .hasMessage("weight: 1.5 (expected: 0 to 1)");
    assertThatThrownBy(() -> new RolloutPlan("m", "1", "m:1", 0, 0))
        .hasMessage("candidate: 'm:1' (expected: other than stable, '1')");
    assertThatThrownBy(() -> new RolloutPlan("m", "", "2", 0, 0))
        .hasMessage("stable: '' (expected: not empty)");
    assertThat(new RolloutPlan("m", "m", "n:3", 0, 0).candidateModel())
        .isEqualTo(new ModelReference("n", "3"));
  }

  private void end(Arm arm, int status, long millis) {
    now += Duration.ofMillis(10).toNanos();
    rollout().ended(arm, status, Duration.ofMillis(millis).toNanos());
  }
}
