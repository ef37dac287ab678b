package io.onnxfleet.jobs.observability;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.springframework.dao.DataAccessResourceFailureException;

@Timeout(60)
class DatabaseNumbersTest {
  private static long onceOpen(CountDownLatch door) {
    try {
      door.await();
      return 1;
    } catch (InterruptedException interrupted) {
      throw new IllegalStateException(interrupted);
    }
  }

  @Test
  void databaseThatHangs_givesNoNumber_andIsAskedAgainOnceItHasAnswered() throws Exception {
    DatabaseNumbers numbers = new DatabaseNumbers(Duration.ofMillis(50));
    CountDownLatch door = new CountDownLatch(1);
    assertThat(numbers.ask(() -> onceOpen(door))).isNaN();
    assertThat(
            numbers.ask(
                () -> {
                  throw new AssertionError("asked while an answer is awaited");
                }))
        .isNaN();
    door.countDown();
    double next = Double.NaN;
    while (Double.isNaN(next)) {
      next = numbers.ask(() -> 3);
    }
    assertThat(next).isEqualTo(3);
  }

  @Test
  void databaseThatRefuses_givesNoNumber_andAnyOtherFailureIsNone() {
    DatabaseNumbers numbers = new DatabaseNumbers();
    assertThat(
            numbers.ask(
                () -> {
                  throw new DataAccessResourceFailureException("away");
                }))
        .isNaN();
    assertThatThrownBy(
            () ->
                numbers.ask(
                    () -> {
                      throw new IllegalStateException("a bug");
                    }))
        .hasRootCauseMessage("a bug");
    assertThat(numbers.ask(() -> 2)).isEqualTo(2);
  }
}
