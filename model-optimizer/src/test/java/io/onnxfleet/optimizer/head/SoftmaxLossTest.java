package io.onnxfleet.optimizer.head;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import org.junit.jupiter.api.Test;

class SoftmaxLossTest {
  private static final int LABELS = 4;
  private static final int DIMENSIONS = 5;

  @Test
  void gradient_isTheSlopeOfTheValue() {
    Random random = new Random(3);
    SoftmaxLoss loss = loss(random, 30, 0.7);
    double[] point = random.doubles(loss.parameters(), -1, 1).toArray();
    double[] gradient = new double[point.length];
    loss.at(point, gradient);

    double[] unused = new double[point.length];
    for (int index = 0; index < point.length; index++) {
      double step = 1e-5;
      double kept = point[index];
      point[index] = kept + step;
      double above = loss.at(point, unused);
      point[index] = kept - step;
      double below = loss.at(point, unused);
      point[index] = kept;
      assertThat(gradient[index]).isCloseTo((above - below) / (2 * step), within(1e-8));
    }
  }

  @Test
  void value_atZero_isTheLogarithmOfTheLabels() {
    SoftmaxLoss loss = loss(new Random(1), 30, 1);
    double[] point = new double[loss.parameters()];

    assertThat(loss.at(point, point.clone())).isCloseTo(Math.log(LABELS), within(1e-12));
  }

  @Test
  void value_isANumber_whereLogitsAreHuge() {
    SoftmaxLoss loss = loss(new Random(1), 30, 1e300);
    double[] point = new Random(2).doubles(loss.parameters(), -1e4, 1e4).toArray();

    assertThat(loss.at(point, point.clone())).isFinite();
  }

  private static SoftmaxLoss loss(Random random, int texts, double strength) {
    float[][] vectors = new float[texts][DIMENSIONS];
    int[] labels = new int[texts];
    for (int text = 0; text < texts; text++) {
      for (int index = 0; index < DIMENSIONS; index++) {
        vectors[text][index] = (float) random.nextGaussian();
      }
      labels[text] = random.nextInt(LABELS);
    }
    return new SoftmaxLoss(vectors, labels, LABELS, strength);
  }
}
