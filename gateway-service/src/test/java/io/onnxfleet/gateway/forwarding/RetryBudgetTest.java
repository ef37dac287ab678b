package io.onnxfleet.gateway.forwarding;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class RetryBudgetTest {

  private final RetryBudget budget = new RetryBudget(0.1, 5);

  @Test
  void burst_isTaken_andThenOneInTenRequests() {
    assertThat(taken(100)).isEqualTo(5);
    for (int i = 0; i < 1000; i++) {
      budget.requestBegan("m");
      budget.tryTake("m");
    }
    // What the thousand requests paid in, and nothing more, was there to take.
    assertThat(taken(10)).isZero();

    long over = 0;
    for (int i = 0; i < 1000; i++) {
      budget.requestBegan("m");
      over += budget.tryTake("m") ? 1 : 0;
    }
    assertThat(over).isEqualTo(100);
  }

  @Test
  void bucket_holdsNoMoreThanTheBurst() {
    for (int i = 0; i < 1000; i++) {
      budget.requestBegan("m");
    }
    assertThat(taken(100)).isEqualTo(5);
  }

  @Test
  void models_haveBucketsOfTheirOwn() {
    taken(100);
    assertThat(budget.tryTake("other")).isTrue();
  }

  private long taken(int tries) {
    return IntStream.range(0, tries).filter(i -> budget.tryTake("m")).count();
  }
}
