package io.onnxfleet.optimizer.distil;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.data.Offset.offset;

import io.onnxfleet.optimizer.OptimizerException;
import java.util.Random;
import org.junit.jupiter.api.Test;

class SimilarityAgreementTest {
  private static float[][] vectors(long seed, int width) {
    Random random = new Random(seed);
    float[][] vectors = new float[40][width];
    for (float[] vector : vectors) {
      for (int index = 0; index < width; index++) {
        vector[index] = (float) random.nextGaussian();
      }
    }
    return vectors;
  }

  @Test
  void between_isOne_whenOneSpaceIsTheOtherTurnedAndScaled() {
    float[][] one = vectors(1, 6);
    float[][] other = new float[one.length][6];
    for (int row = 0; row < one.length; row++) {
      for (int index = 0; index < 6; index++) {
        other[row][index] = -3 * one[row][(index + 2) % 6];
      }
    }
    assertThat(SimilarityAgreement.between(one, other)).isCloseTo(1, offset(1e-3));
  }

  @Test
  void between_isNearZero_whenTheSpacesHaveNothingToDoWithEachOther() {
    assertThat(SimilarityAgreement.between(vectors(1, 6), vectors(2, 9))).isBetween(-0.15, 0.15);
  }

  @Test
  void ranks_areShared_byEqualValues() {
    assertThat(SimilarityAgreement.ranks(new double[] {5, 1, 5, 0, 5}))
        .containsExactly(3, 1, 3, 0, 3);
  }

  @Test
  void between_refuses_whenTheTextsAreNotAsMany() {
    assertThatThrownBy(() -> SimilarityAgreement.between(vectors(1, 2), new float[3][2]))
        .isInstanceOf(OptimizerException.class)
        .hasMessageContaining("40 and 3 texts");
  }
}
