package io.onnxfleet.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;

class SimilarityTest {
  @Test
  void of_isTheCosine_whateverTheLengthsOfTheVectors() {
    Similarity similarity =
        new Similarity(
            List.of(
                new float[] {2, 0}, new float[] {3, 3}, new float[] {0, 5}, new float[] {-1, 0}));

    assertThat(similarity.of(0, 0)).isCloseTo(1, within(1e-12));
    assertThat(similarity.of(0, 1)).isCloseTo(Math.sqrt(0.5), within(1e-12));
    assertThat(similarity.of(0, 2)).isZero();
    assertThat(similarity.of(0, 3)).isCloseTo(-1, within(1e-12));
    assertThat(similarity.of(1, 2)).isEqualTo(similarity.of(2, 1));
  }

  @Test
  void construction_refusesVectorsOfDifferentDimension() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Similarity(List.of(new float[3], new float[4])))
        .withMessage("vectors of 3 and 4 elements (expected: equal)");
  }

  @Test
  void toString_isASquareWithNumbersForTheVectors() {
    Similarity similarity = new Similarity(List.of(new float[] {1, 0}, new float[] {0, 1}));

    assertThat(similarity.toString().lines())
        .containsExactly("          1      2", "   1  1.000  0.000", "   2  0.000  1.000");
  }
}
