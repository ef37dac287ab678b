package io.onnxfleet.gateway.admission;

import static org.assertj.core.api.Assertions.assertThat;

import com.netflix.concurrency.limits.limit.FixedLimit;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LatencyEstimateTest {

  private static final long MILLI = 1_000_000;

  private static final LimitProperties PROPERTIES =
      new LimitProperties(
          true, Duration.ofMillis(300), 10, 256, 32, 5000, 0.25, Duration.ofSeconds(1), 1, "");

  private long now = 1_000_000_000L;

  private LatencyEstimate learned(int count, int least, int most) {
    LatencyEstimate estimate = new LatencyEstimate(now);
    Random random = new Random(3);
    for (int i = 0; i < count; i++) {
      int inFlight = random.nextInt(least, most + 1);
      now += 10 * MILLI;
      estimate.observe(now, inFlight, (20 + 10L * inFlight) * MILLI);
    }
    return estimate;
  }

  @Test
  void nanos_isUnknown_whenLittleWasSeenOrLongAgo() {
    LatencyEstimate estimate = learned(4, 1, 10);
    assertThat(estimate.nanos(now, 5)).isZero();

    LatencyEstimate old = learned(100, 1, 10);
    assertThat(old.nanos(now, 5)).isPositive();
    assertThat(old.nanos(now + TimeUnit.MINUTES.toNanos(1), 5)).isZero();
  }

  @Test
  void nanos_followsTheLine_whenLatencyRisesWithWhatIsUnderWay() {
    LatencyEstimate estimate = learned(200, 1, 40);

    assertThat(estimate.nanos(now, 10)).isBetween(115 * MILLI, 130 * MILLI);
    assertThat(estimate.nanos(now, 30)).isBetween(310 * MILLI, 330 * MILLI);
  }

  @Test
  void nanos_neitherRisesNorStaysPut_whenUnderWayNeverVaried() {
    LatencyEstimate estimate = learned(200, 20, 20);

    assertThat(estimate.nanos(now, 60)).isBetween(219 * MILLI, 221 * MILLI);
    assertThat(estimate.nanos(now, 10)).isBetween(109 * MILLI, 111 * MILLI);
  }

  @Test
  void nanos_forALoneRequestIsShort_afterASteadyOverload() {
    LatencyEstimate estimate = new LatencyEstimate(now);
    Random random = new Random(9);
    for (int i = 0; i < 400; i++) {
      now += 7 * MILLI;
      estimate.observe(now, random.nextInt(58, 65), random.nextLong(380, 460) * MILLI);
    }

    assertThat(estimate.nanos(now, 2)).isLessThan(100 * MILLI);
  }

  @Test
  void nanos_coversTheScatter_whenLatenciesVary() {
    LatencyEstimate estimate = new LatencyEstimate(now);
    Random random = new Random(5);
    for (int i = 0; i < 400; i++) {
      now += 10 * MILLI;
      estimate.observe(now, 8, (long) ((100 + 20 * random.nextGaussian()) * MILLI));
    }

    assertThat(estimate.nanos(now, 8)).isBetween(118 * MILLI, 134 * MILLI);
  }

  @ParameterizedTest
  @ValueSource(doubles = {1, 1.5, 3, 10})
  void admission_keepsGoodput_whenDeadlinesAreShortAndTheLimitIsHigh(double load) {
    // Two batches must fit into the deadline: one that runs, and the own.
    // best.
    BatchingBackend backend = new BatchingBackend("CPU, 2 x MiniLM", 2, 8, 3.6, 20);
    BatchingBackend.Result result =
        backend.run(FixedLimit.of(5000), PROPERTIES, load, 60, 7, Duration.ofMillis(400));

    assertThat(result.goodput()).isGreaterThan(0.85);
  }
}
