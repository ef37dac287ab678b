package io.onnxfleet.benchmarks.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import io.onnxfleet.benchmarks.load.Load.Arrival;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class ArrivalScheduleTest {
  @Test
  void take_keepsTheRate_whenArrivalsAreConstant() {
    ArrivalSchedule schedule = schedule(3, Arrival.CONSTANT);

    assertThat(schedule.peek()).isEqualTo(333_333_333);
    assertThat(schedule.take()).isEqualTo(333_333_333);
    assertThat(schedule.take()).isEqualTo(666_666_666);
    assertThat(schedule.take()).isBetween(999_999_999L, 1_000_000_000L);
    for (int i = 0; i < 3 * 86_400; i++) {
      schedule.take();
    }
    assertThat(schedule.peek())
        .as("a day later")
        .isBetween(86_401_333_333_000L, 86_401_333_334_000L);
  }

  @Test
  void take_spreadsGapsExponentially_whenArrivalsArePoisson() {
    ArrivalSchedule schedule = schedule(1_000, Arrival.POISSON);
    int count = 200_000;
    int shorterThanMean = 0;
    double squares = 0;
    long before = 0;
    for (int i = 0; i < count; i++) {
      long due = schedule.take();
      double gap = (due - before) / 1e6;
      shorterThanMean += gap < 1 ? 1 : 0;
      squares += (gap - 1) * (gap - 1);
      before = due;
    }

    assertThat(before / 1e9).as("the mean rate").isCloseTo(200, within(2.0));
    assertThat((double) shorterThanMean / count).isCloseTo(1 - 1 / Math.E, within(0.01));
    assertThat(squares / count).as("variance, the mean squared").isCloseTo(1, within(0.05));
  }

  @Test
  void load_refusesRatesAndConnections_outOfBounds() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Load.Open(0, Arrival.POISSON, 1))
        .withMessage("rate: 0.0 (expected: above 0, at most 1000000)");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Load.Open(5, Arrival.POISSON, 0))
        .withMessage("connections: 0 (expected: at least 1)");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Load.Closed(0))
        .withMessage("connections: 0 (expected: at least 1)");
  }

  private static ArrivalSchedule schedule(double perSecond, Arrival arrival) {
    return new ArrivalSchedule(new Load.Open(perSecond, arrival, 1), new SplittableRandom(5));
  }
}
