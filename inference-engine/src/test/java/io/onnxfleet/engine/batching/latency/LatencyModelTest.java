package io.onnxfleet.engine.batching.latency;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import java.util.function.LongBinaryOperator;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.Test;

class LatencyModelTest {
  private static final Percentage CLOSE = Percentage.withPercentage(10);

  /** Microseconds of all-MiniLM-L6-v2 on one thread, by rows, as docs/benchmarks.md has them. */
  private static final long[][] MINI_LM = {
    {1, 13_500}, {2, 24_000}, {4, 44_300}, {8, 84_000}, {16, 166_100}, {32, 338_100}
  };

  private final LatencyModel model = new LatencyModel(32);

  @Test
  void curve_knowsNothing_whenNothingWasRecorded() {
    assertThat(model.curve().isKnown()).isFalse();
    assertThat(model.curve().isConfident()).isFalse();
  }

  @Test
  void curve_followsTheMeasuredOne_whenAllSizesWereSeen() {
    for (int round = 0; round < 20; round++) {
      for (long[] point : MINI_LM) {
        model.record((int) point[0], 0, point[1] * 1000);
      }
    }

    LatencyCurve curve = model.curve();
    assertThat(curve.isConfident()).isTrue();
    for (long[] point : MINI_LM) {
      assertThat(curve.nanos((int) point[0], 0)).isCloseTo(point[1] * 1000, CLOSE);
    }
    assertThat(curve.nanos(12, 0)).isCloseTo(125_000_000L, CLOSE);
    assertThat(curve.bestRows(0, false)).isBetween(6, 12);
    assertThat(curve.nanosPerRow(0)).isCloseTo(10_500_000, within(1_000_000.0));
  }

  @Test
  void curve_extrapolates_whenOnlySmallBatchesWereSeen() {
    for (int round = 0; round < 40; round++) {
      record(1 + round % 4, 0, (rows, length) -> 4_000_000 + rows * 100_000);
    }

    assertThat(model.curve().nanos(32, 0)).isCloseTo(7_200_000L, CLOSE);
    assertThat(model.curve().bestRows(0, false)).isGreaterThanOrEqualTo(24);
  }

  @Test
  void curve_takesLargerBatchesToBeCheap_whenOnlyOneSizeWasSeen() {
    for (int round = 0; round < 40; round++) {
      record(1, 0, (rows, length) -> 1_000_000);
    }

    assertThat(model.curve().nanos(8, 0)).isLessThan(1_500_000L);
  }

  @Test
  void curve_countsPaddedLength_whenLengthsDiffer() {
    Random random = new Random(7);
    for (int round = 0; round < 400; round++) {
      record(1 + random.nextInt(32), 8 + random.nextInt(248), (n, l) -> 1_000_000 + n * l * 20_000);
    }

    LatencyCurve curve = model.curve();
    assertThat(curve.nanos(8, 16)).isCloseTo(3_560_000L, CLOSE);
    assertThat(curve.nanos(8, 128)).isCloseTo(21_480_000L, CLOSE);
    assertThat(curve.bestRows(16, false)).isGreaterThan(curve.bestRows(256, false));
  }

  @Test
  void curve_staysWhereItIs_whenSomeObservationsAreFarOff() {
    Random random = new Random(11);
    for (int round = 0; round < 600; round++) {
      long outlier = random.nextInt(20) == 0 ? 30 : 1;
      record(1 + random.nextInt(16), 0, (n, l) -> outlier * (1_000_000 + n * 500_000));
    }

    assertThat(model.curve().nanos(8, 0)).isCloseTo(5_000_000L, Percentage.withPercentage(15));
  }

  @Test
  void curve_follows_whenTheMachineBecomesSlower() {
    for (int round = 0; round < 100; round++) {
      record(4, 0, (n, l) -> 1_000_000);
    }
    for (int round = 0; round < 100; round++) {
      record(4, 0, (n, l) -> 2_500_000);
    }

    assertThat(model.curve().nanos(4, 0)).isCloseTo(2_500_000L, CLOSE);
  }

  @Test
  void curve_forgetsTheFirstRun_whenItWasCold() {
    record(4, 0, (n, l) -> 500_000_000);
    for (int round = 0; round < 15; round++) {
      record(4, 0, (n, l) -> 1_000_000);
    }

    assertThat(model.curve().nanos(4, 0)).isCloseTo(1_000_000L, CLOSE);
  }

  @Test
  void largerBatch_isTriedAgainAndChosen_whenItWasOnlySlowLongAgo() {
    for (int round = 0; round < 20; round++) {
      record(1, 0, (rows, length) -> 10_000_000);
      record(2, 0, (rows, length) -> 60_000_000);
    }
    assertThat(model.curve().rowsToTry(0, false)).isEqualTo(1);

    for (int round = 0; round < 600; round++) {
      record(1, 0, (rows, length) -> 10_000_000);
    }
    assertThat(model.curve().rowsToTry(0, false)).isEqualTo(2);

    for (int round = 0; round < 16; round++) {
      record(2, 0, (rows, length) -> 12_000_000);
    }
    assertThat(model.curve().bestRows(0, false)).isGreaterThan(1);
  }

  @Test
  void bestRows_staysTheSame_whenSizesAreAlikeButForNoise() {
    Random random = new Random(13);
    int[] sizes = {1, 2, 4, 8, 16, 32};
    LongBinaryOperator noisy =
        (rows, length) -> (long) ((rows + 0.4) * 1_000_000 * (1 + 0.03 * random.nextGaussian()));
    for (int round = 0; round < 400; round++) {
      record(sizes[round % sizes.length], 0, noisy);
    }

    int changes = 0;
    int before = model.curve().bestRows(0, true);
    for (int round = 0; round < 4_000; round++) {
      record(sizes[round % sizes.length], 0, noisy);
      int now = model.curve().bestRows(0, true);
      changes += now == before ? 0 : 1;
      before = now;
    }
    assertThat(changes).isLessThan(12);
    assertThat(before).isBetween(12, 32);
  }

  @Test
  void bestRows_becomesSmaller_whenOnlyColdBatchesMadeItLarge() {
    for (int round = 0; round < 8; round++) {
      record(1 + round, 0, (rows, length) -> 40_000_000 + rows * 1_000_000);
    }
    assertThat(model.curve().bestRows(0, true)).isGreaterThanOrEqualTo(24);

    int[] sizes = {1, 2, 4, 8, 24};
    for (int round = 0; round < 400; round++) {
      record(sizes[round % sizes.length], 0, (rows, length) -> 50_000 + rows * 1_000_000);
    }
    assertThat(model.curve().bestRows(0, true)).isLessThanOrEqualTo(12);
  }

  @Test
  void curve_neverFallsWithRows_forAnyObservations() {
    Random random = new Random(3);
    for (int round = 0; round < 500; round++) {
      record(1 + random.nextInt(32), random.nextInt(100), (n, l) -> 1 + random.nextInt(1_000_000));
      LatencyCurve curve = model.curve();
      for (int rows = 1; rows < 40; rows++) {
        assertThat(curve.nanos(rows + 1, 50)).isGreaterThanOrEqualTo(curve.nanos(rows, 50));
      }
    }
  }

  @Test
  void curve_isNotConfident_whenLatenciesAreErratic() {
    Random random = new Random(5);
    for (int round = 0; round < 400; round++) {
      record(4, 0, (n, l) -> random.nextInt(4) == 0 ? 20_000_000 : 1_000_000);
    }

    assertThat(model.curve().isKnown()).isTrue();
    assertThat(model.curve().error()).isGreaterThan(0.1);
  }

  private void record(int rows, long length, LongBinaryOperator nanos) {
    model.record(rows, length, nanos.applyAsLong(rows, length));
  }
}
