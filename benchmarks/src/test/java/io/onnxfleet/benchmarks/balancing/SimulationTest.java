package io.onnxfleet.benchmarks.balancing;

import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.benchmarks.balancing.Simulation.Result;
import io.onnxfleet.gateway.balancing.policy.PolicyName;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;

class SimulationTest {
  private static final Duration WARM_UP = Duration.ofSeconds(2);
  private static final Duration MEASURED = Duration.ofSeconds(8);

  @Test
  void sameSeed_givesTheSameResult() {
    Scenario scenario = Scenario.atLoad(ServiceCurve.CPU, equal(4), 3, 0.7);
    assertThat(run(scenario, PolicyName.PREQUAL)).isEqualTo(run(scenario, PolicyName.PREQUAL));
  }

  @Test
  void slowReplica_hardlyRaisesTheTail_withPrequal() {
    Scenario healthy = Scenario.atLoad(ServiceCurve.CPU, equal(3), 1, 0.7);
    Scenario slow = new Scenario(ServiceCurve.CPU, withOneSlow(4), 1, healthy.requestsPerSecond());

    double p99 = run(slow, PolicyName.PREQUAL).p99Millis();
    assertThat(p99).isLessThan(1.3 * run(healthy, PolicyName.PREQUAL).p99Millis());
    assertThat(2 * p99).isLessThan(run(slow, PolicyName.P2C).p99Millis());
    assertThat(2 * p99).isLessThan(run(slow, PolicyName.LEAST_IN_FLIGHT).p99Millis());
    assertThat(2 * p99).isLessThan(run(slow, PolicyName.ROUND_ROBIN).p99Millis());
  }

  @Test
  void manyGateways_doNotHerd_withPrequal() {
    Scenario one = Scenario.atLoad(ServiceCurve.CPU, withOneSlow(10), 1, 0.7);
    Scenario twenty = Scenario.atLoad(ServiceCurve.CPU, withOneSlow(10), 20, 0.7);

    double p99 = run(twenty, PolicyName.PREQUAL).p99Millis();
    assertThat(p99).isLessThan(5 * run(one, PolicyName.PREQUAL).p99Millis());
    assertThat(2 * p99).isLessThan(run(twenty, PolicyName.P2C).p99Millis());
    assertThat(2 * p99).isLessThan(run(twenty, PolicyName.LEAST_IN_FLIGHT).p99Millis());
  }

  @Test
  void largeFleet_isServedByAFewFreshReports() {
    List<Double> speeds = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      speeds.add(i % 2 == 0 ? 1 : 0.5);
    }
    Scenario scenario = Scenario.atLoad(ServiceCurve.CPU, speeds, 20, 0.7);
    Duration measured = Duration.ofSeconds(2);
    Result prequal =
        Simulation.run(
            scenario, PolicyKind.of(PolicyName.PREQUAL), Duration.ofSeconds(1), measured, 1);
    Result p2c =
        Simulation.run(scenario, PolicyKind.of(PolicyName.P2C), Duration.ofSeconds(1), measured, 1);

    assertThat(prequal.p99Millis()).isLessThan(0.7 * p2c.p99Millis());
    assertThat(prequal.probesPerRequest()).isLessThan(0.5);
  }

  private static Result run(Scenario scenario, PolicyName policy) {
    return Simulation.run(scenario, PolicyKind.of(policy), WARM_UP, MEASURED, 1);
  }

  private static List<Double> equal(int replicas) {
    return Collections.nCopies(replicas, 1.0);
  }

  private static List<Double> withOneSlow(int replicas) {
    List<Double> speeds = new ArrayList<>(equal(replicas - 1));
    speeds.add(0.2);
    return speeds;
  }
}
