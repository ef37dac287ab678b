package io.onnxfleet.optimizer.compare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.onnxfleet.optimizer.OptimizerException;
import io.onnxfleet.optimizer.graph.Tensor;
import io.onnxfleet.optimizer.runtime.TensorValue;
import io.onnxfleet.optimizer.sample.SampleSet;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class OutputErrorTest {
  private static final Tensor MASK = Tensor.ofLongs(new long[] {1, 1, 0}, 1, 3);

  private static OutputError between(Tensor mask, Tensor one, Tensor other) {
    SampleSet samples =
        new SampleSet("test", List.of(List.of(new TensorValue("attention_mask", mask))));
    return OutputError.between(
        samples,
        List.of(List.of(new TensorValue("y", one))),
        List.of(List.of(new TensorValue("y", other))));
  }

  @Test
  void sameOutputs_haveNoError() {
    Tensor output = Tensor.ofFloats(new float[] {1, 2, 3, 4}, 2, 2);
    OutputError error = between(MASK, output, output);
    assertThat(error.meanCosine()).isEqualTo(1, within(1e-12));
    assertThat(error.relativeError()).isZero();
    assertThat(error.topAgreement()).hasValue(1);
    assertThat(error.loss()).isEqualTo(0, within(1e-12));
  }

  @Test
  void tokens_areComparedByTheMeanOfTheUnmasked() {
    Tensor one = Tensor.ofFloats(new float[] {1, 0, 1, 0, 5, 5}, 1, 3, 2);
    Tensor other = Tensor.ofFloats(new float[] {0, 1, 0, 1, -9, 9}, 1, 3, 2);
    OutputError error = between(MASK, one, other);
    assertThat(error.meanCosine()).isEqualTo(0, within(1e-12));
    assertThat(error.relativeError()).isEqualTo(Math.sqrt(2), within(1e-12));
    assertThat(error.largestDifference()).isEqualTo(1);
  }

  @Test
  void scores_agree_whereTheSameOneIsLargest() {
    Tensor one = Tensor.ofFloats(new float[] {3, 1, 2, 1, 2, 9}, 2, 3);
    Tensor other = Tensor.ofFloats(new float[] {2, 1, 3, 1, 2, 7}, 2, 3);
    assertThat(between(MASK, one, other).topAgreement()).hasValue(0.5);
  }

  @Test
  void noNumber_countsAsTheWorst() {
    Tensor one = Tensor.ofFloats(new float[] {1, 2}, 1, 2);
    Tensor other = Tensor.ofFloats(new float[] {Float.NaN, 2}, 1, 2);
    OutputError error = between(MASK, one, other);
    assertThat(error.loss()).isEqualTo(2);
    assertThat(error.largestDifference()).isInfinite();
  }

  @Test
  void oneNoNumberAmongMany_isNotHiddenByTheMean() {
    float[] numbers = new float[2000];
    Arrays.fill(numbers, 1);
    Tensor one = Tensor.ofFloats(numbers, 1000, 2);
    for (float wrong : new float[] {Float.NaN, Float.POSITIVE_INFINITY}) {
      numbers[700] = wrong;
      OutputError error = between(MASK, one, Tensor.ofFloats(numbers, 1000, 2));
      assertThat(error.loss()).isEqualTo(2);
      assertThat(error.relativeError()).isInfinite();
      assertThat(error.largestDifference()).isInfinite();
    }
  }

  @Test
  void theSameNoNumber_isTheSameAnswer() {
    float[] numbers = {Float.NaN, 1, Float.NEGATIVE_INFINITY, 2};
    Tensor one = Tensor.ofFloats(numbers, 2, 2);
    OutputError error = between(MASK, one, Tensor.ofFloats(numbers, 2, 2));
    assertThat(error.loss()).isEqualTo(0, within(1e-12));
    assertThat(error.relativeError()).isZero();
  }

  @Test
  void outputOfThreeDimensions_isComparedByRows_whereTheyAreNotTheMasksTokens() {
    Tensor one = Tensor.ofFloats(new float[] {1, 0, 1, 0, 5, 5, 1, 1}, 4, 1, 2);
    Tensor other = Tensor.ofFloats(new float[] {1, 0, 1, 0, 5, 5, -1, -1}, 4, 1, 2);
    assertThat(between(MASK, one, other).worstCosine()).isEqualTo(-1, within(1e-6));
  }

  @Test
  void anotherShape_isRefused() {
    Tensor one = Tensor.ofFloats(new float[] {1, 2}, 1, 2);
    Tensor other = Tensor.ofFloats(new float[] {1, 2}, 2, 1);
    assertThatThrownBy(() -> between(MASK, one, other))
        .isInstanceOf(OptimizerException.class)
        .hasMessage("output 'y' has shape [2, 1] (expected: [1, 2])");
  }

  @Test
  void median_isTheMiddle() {
    assertThat(Throughput.median(new double[] {9, 1, 5})).isEqualTo(5);
    assertThat(Throughput.median(new double[] {4, 1, 2, 9})).isEqualTo(3);
  }
}
