package io.onnxfleet.optimizer.sample;

import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.optimizer.TestModels;
import io.onnxfleet.optimizer.graph.Tensor;
import io.onnxfleet.optimizer.proto.GraphProto;
import io.onnxfleet.optimizer.runtime.RunnableModel;
import io.onnxfleet.optimizer.runtime.SessionSettings;
import io.onnxfleet.optimizer.runtime.TensorValue;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BatchesTest {
  @TempDir private Path folder;

  private RunnableModel model(long tokens) {
    return RunnableModel.open(
        TestModels.write(
            folder.resolve("text.onnx"),
            GraphProto.newBuilder()
                .addInput(TestModels.value("input_ids", TestModels.INT64, -1, tokens))
                .addInput(TestModels.value("attention_mask", TestModels.INT64, -1, tokens))
                .addOutput(TestModels.value("y", TestModels.INT64, -1, tokens))
                .addNode(
                    TestModels.node("Mul", "mul", List.of("input_ids", "attention_mask"), "y"))),
        SessionSettings.DEFAULT);
  }

  /** Texts of those lengths, each with two tokens of padding. */
  private static SampleSet texts(int... lengths) {
    List<List<TensorValue>> samples = new ArrayList<>();
    for (int length : lengths) {
      long[] ids = new long[length + 2];
      long[] mask = new long[length + 2];
      Arrays.fill(ids, 0, length, 100 + length);
      Arrays.fill(mask, 0, length, 1);
      samples.add(
          List.of(
              new TensorValue("input_ids", Tensor.ofLongs(ids, 1, length + 2)),
              new TensorValue("attention_mask", Tensor.ofLongs(mask, 1, length + 2))));
    }
    return new SampleSet("test", samples);
  }

  @Test
  void rows_haveTheSamplesLengths_withoutTheirPadding() {
    SampleSet samples = texts(40, 8, 5, 16, 9);
    try (RunnableModel model = model(-1)) {
      assertThat(Batches.lengths(model, samples)).containsExactly(5, 8, 9, 16, 40);
      List<TensorValue> one = Batches.of(model, samples, 1, OptionalInt.empty()).orElseThrow();
      assertThat(one.getFirst().tensor().dimensions()).containsExactly(1, 9);
      assertThat(one.getFirst().tensor().longs()).containsOnly(109);
      List<TensorValue> five = Batches.of(model, samples, 5, OptionalInt.empty()).orElseThrow();
      assertThat(five.getFirst().tensor().dimensions()).containsExactly(5, 40);
      assertThat(Arrays.stream(five.getLast().tensor().longs()).sum()).isEqualTo(78);
    }
  }

  @Test
  void rows_haveTheLengthThatIsAskedFor_orThatTheModelDemands() {
    SampleSet samples = texts(40, 8);
    try (RunnableModel model = model(-1)) {
      assertThat(
              Batches.of(model, samples, 3, OptionalInt.of(32))
                  .orElseThrow()
                  .getFirst()
                  .tensor()
                  .dimensions())
          .containsExactly(3, 32);
    }
    try (RunnableModel model = model(12)) {
      List<TensorValue> batch = Batches.of(model, samples, 2, OptionalInt.empty()).orElseThrow();
      assertThat(batch.getFirst().tensor().dimensions()).containsExactly(2, 12);
      assertThat(batch.getLast().tensor().longs()).containsOnly(1);
    }
  }
}
