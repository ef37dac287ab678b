package io.onnxfleet.optimizer.sample;

import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.optimizer.graph.Tensor;
import io.onnxfleet.optimizer.runtime.TensorValue;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class SampleSplitTest {
  private static List<TensorValue> sample(float number) {
    return List.of(new TensorValue("x", Tensor.ofFloats(new float[] {number, 1}, 1, 2)));
  }

  private static SampleSet set(float... numbers) {
    List<List<TensorValue>> samples = new ArrayList<>();
    for (float number : numbers) {
      samples.add(sample(number));
    }
    return new SampleSet("test", samples);
  }

  private static List<Float> numbers(SampleSet samples) {
    return samples.samples().stream().map(one -> one.getFirst().tensor().floats()[0]).toList();
  }

  @Test
  void judging_leavesOut_whatIsFittedTo() {
    SampleSplit split = SampleSplit.between(set(1, 2, 3), set(3, 4, 5, 1), false, new Random(1));
    assertThat(numbers(split.fitting())).containsExactly(1f, 2f, 3f);
    assertThat(numbers(split.judging().orElseThrow())).containsExactly(4f, 5f);
  }

  @Test
  void oneSet_isCut_andEqualSamplesStayTogether() {
    SampleSet all = set(1, 2, 3, 4, 1, 2, 3, 4);
    for (int seed = 0; seed < 20; seed++) {
      SampleSplit split = SampleSplit.between(all, all, true, new Random(seed));
      List<Float> judging = numbers(split.judging().orElseThrow());
      assertThat(judging).hasSize(2);
      assertThat(numbers(split.fitting())).hasSize(6).doesNotContainAnyElementsOf(judging);
    }
  }

  @Test
  void nothingIsHeldBack_whereAllSamplesAreOne_orFittingWasAskedFor() {
    SampleSplit one = SampleSplit.between(set(7, 7), set(7, 7), true, new Random(1));
    assertThat(one.judging()).isEmpty();
    assertThat(one.reason()).contains("no samples were held back");
    SampleSplit given = SampleSplit.between(set(1, 2), set(1, 2), false, new Random(1));
    assertThat(given.judging()).isEmpty();
    assertThat(numbers(given.fitting())).containsExactly(1f, 2f);
    assertThat(given.reason()).isEqualTo("all 2 samples to judge by were fitted to");
  }
}
