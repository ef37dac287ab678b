package io.onnxfleet.benchmarks.policies;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.withinPercentage;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/** What the adaptive policy promises, on the virtual clock and so the same on every machine. */
class SimulationTest {
  static final List<Machine> MACHINES = List.of(Machine.MINI_LM, Machine.ACCELERATOR);

  @ParameterizedTest
  @FieldSource("MACHINES")
  void adaptive_keepsItsGoodput_whenTheLoadIsThreeTimesTheCapacity(Machine machine) {
    double atCapacity = open(machine, Policy.ADAPTIVE, 1.0).goodput();
    double overloaded = open(machine, Policy.ADAPTIVE, 3.0).goodput();

    assertThat(overloaded).isGreaterThanOrEqualTo(0.9 * atCapacity);
    assertThat(overloaded).isGreaterThanOrEqualTo(0.9 * machine.capacity());
  }

  @ParameterizedTest
  @FieldSource("MACHINES")
  void adaptive_shortensTheTail_whenLoadedToSevenTenths(Machine machine) {
    assertThat(open(machine, Policy.ADAPTIVE, 0.7).p99Millis())
        .isLessThanOrEqualTo(0.7 * open(machine, Policy.UNBATCHED, 0.7).p99Millis());
  }

  @ParameterizedTest
  @FieldSource("MACHINES")
  void adaptive_servesAllAlike_whenClientsSaturateIt(Machine machine) {
    Outcome outcome = PolicyComparison.closedLoop(machine, Policy.ADAPTIVE, 64);

    assertThat(outcome.p99Millis()).isLessThanOrEqualTo(1.3 * outcome.p50Millis());
    assertThat(outcome.throughput()).isGreaterThanOrEqualTo(0.95 * machine.capacity());
  }

  @ParameterizedTest
  @FieldSource("MACHINES")
  void adaptive_neverWaits_whenThereIsOneClient(Machine machine) {
    assertThat(PolicyComparison.closedLoop(machine, Policy.ADAPTIVE, 1).p50Millis())
        .isCloseTo(
            PolicyComparison.closedLoop(machine, Policy.UNBATCHED, 1).p50Millis(),
            withinPercentage(1));
  }

  @Test
  void adaptive_fillsItsBatches_whenFewClientsReturnAtOnce() {
    Outcome adaptive = PolicyComparison.closedLoop(Machine.ACCELERATOR, Policy.ADAPTIVE, 8);
    Outcome greedy = PolicyComparison.closedLoop(Machine.ACCELERATOR, Policy.GREEDY, 8);

    assertThat(adaptive.throughput()).isGreaterThanOrEqualTo(1.3 * greedy.throughput());
    assertThat(adaptive.meanBatch()).isGreaterThan(7);
  }

  @Test
  void adaptive_wastesLittleOnPadding_whenLengthsDiffer() {
    Outcome adaptive = open(Machine.MINI_LM_LENGTHS, Policy.ADAPTIVE, 1.5);
    Outcome greedy = open(Machine.MINI_LM_LENGTHS, Policy.GREEDY, 1.5);

    assertThat(adaptive.throughput()).isGreaterThanOrEqualTo(1.5 * greedy.throughput());
  }

  @Test
  void outcome_isTheSame_whenRepeated() {
    assertThat(open(Machine.MINI_LM, Policy.ADAPTIVE, 1.5))
        .isEqualTo(open(Machine.MINI_LM, Policy.ADAPTIVE, 1.5));
  }

  private static Outcome open(Machine machine, Policy policy, double load) {
    return PolicyComparison.openLoop(machine, policy, load);
  }
}
