package io.onnxfleet.optimizer.algebra;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.onnxfleet.optimizer.algebra.LimitedMemoryBfgs.Minimum;
import org.junit.jupiter.api.Test;

class LimitedMemoryBfgsTest {
  /** Its minimum is 1, 2, 3 and so on; its curvatures lie a thousand apart. */
  private static double valley(double[] point, double[] gradient) {
    double value = 0;
    for (int index = 0; index < point.length; index++) {
      double curvature = Math.pow(10, 3.0 * index / (point.length - 1));
      double distance = point[index] - (index + 1);
      value += curvature * distance * distance / 2;
      gradient[index] = curvature * distance;
    }
    return value;
  }

  @Test
  void minimize_findsTheMinimum_whereCurvaturesDiffer() {
    Minimum minimum =
        new LimitedMemoryBfgs(1e-6, 500).minimize(LimitedMemoryBfgsTest::valley, new double[40]);

    // It takes 262 steps; without its corrections, along the gradient alone, it takes 1397.
    assertThat(minimum.converged()).isTrue();
    for (int index = 0; index < 40; index++) {
      assertThat(minimum.point()[index]).isCloseTo(index + 1, within(1e-5));
    }
  }

  @Test
  void minimize_saysThatItIsNotThere_whenItMayNotGoOn() {
    Minimum minimum =
        new LimitedMemoryBfgs(1e-9, 3).minimize(LimitedMemoryBfgsTest::valley, new double[40]);

    assertThat(minimum.converged()).isFalse();
    assertThat(minimum.iterations()).isEqualTo(3);
  }

  @Test
  void minimize_stays_whereItIsThereAlready() {
    double[] there = {1, 2, 3};
    Minimum minimum =
        new LimitedMemoryBfgs(1e-9, 10).minimize(LimitedMemoryBfgsTest::valley, there);

    assertThat(minimum.converged()).isTrue();
    assertThat(minimum.iterations()).isZero();
    assertThat(minimum.point()).isNotSameAs(there).containsExactly(there);
  }
}
