package io.onnxfleet.optimizer.head;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.within;

import io.onnxfleet.engine.tensor.BufferPool;
import io.onnxfleet.engine.tensor.DataType;
import io.onnxfleet.engine.tensor.Shape;
import io.onnxfleet.engine.tensor.TensorSpec;
import io.onnxfleet.engine.text.TextModel;
import io.onnxfleet.engine.text.pooling.Pooling;
import io.onnxfleet.engine.text.pooling.TextVector;
import io.onnxfleet.optimizer.OptimizerException;
import io.onnxfleet.optimizer.TestModels;
import io.onnxfleet.optimizer.graph.OnnxModel;
import io.onnxfleet.optimizer.graph.Tensor;
import io.onnxfleet.optimizer.proto.GraphProto;
import io.onnxfleet.optimizer.runtime.RunnableModel;
import io.onnxfleet.optimizer.runtime.SessionSettings;
import io.onnxfleet.optimizer.runtime.TensorValue;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The graph's vectors are those that the engine makes of the encoder's answer. */
class VectorGraphTest {
  private static final int WIDTH = 12;
  private static final int ROWS = 3;
  private static final int TOKENS = 6;

  /** Tokens of each row; the rest is padding. */
  private static final int[] LENGTHS = {6, 1, 4};

  @TempDir private Path folder;

  @ParameterizedTest
  @CsvSource({
    "cls,17", "max,17", "mean,17", "mean_sqrt_len,17", "weightedmean,17", "lasttoken,17",
    "cls+mean+max,17", "cls,11", "max,11", "mean,11", "mean_sqrt_len,11", "weightedmean,11",
    "lasttoken,11", "max,18", "mean,18"
  })
  void vectors_areTheEngines_whicheverSideIsPadded(String pooling, long operators) {
    Path encoder = encoder(operators);
    for (boolean normalize : List.of(true, false)) {
      TextModel model = model(Map.of("pooling", pooling, "normalize", Boolean.toString(normalize)));
      Path pooled = pooled(encoder, model);
      for (boolean left : List.of(false, true)) {
        List<TensorValue> inputs = inputs(left);
        Tensor hidden = run(encoder, inputs);
        Tensor vectors = run(pooled, inputs);
        assertThat(vectors.dimension(0)).isEqualTo(ROWS);
        int width = (int) vectors.dimension(1);
        for (int row = 0; row < ROWS; row++) {
          float[] vector = new float[width];
          vectors.floatBuffer().get(row * width, vector);
          assertThat(vector)
              .as("row %d of %s, left %s", row, pooling, left)
              .containsExactly(expected(hidden, row, left, model, normalize), within(1e-5f));
        }
      }
    }
  }

  @Test
  void head_answersThePublishedLogits() {
    Path encoder = encoder(17);
    TextModel model = model(Map.of("pooling", "mean", "normalize", "true"));
    OnnxModel onnx = OnnxModel.read(encoder);
    String vector = VectorGraph.pool(onnx, model);
    Random random = new Random(5);
    float[] weights = floats(random, WIDTH * 3);
    Head head = new Head(List.of("a", "b", "c"), weights, floats(random, 3));
    VectorGraph.withHead(onnx, vector, head);
    Path file = folder.resolve("classifier.onnx");
    onnx.write(file);

    assertThat(onnx.graph().outputs())
        .singleElement()
        .satisfies(output -> assertThat(output.getName()).isEqualTo("logits"));
    Tensor logits = run(file, inputs(false));
    Tensor vectors = run(pooled(encoder, model), inputs(false));
    for (int row = 0; row < ROWS; row++) {
      float[] one = new float[WIDTH];
      vectors.floatBuffer().get(row * WIDTH, one);
      float[] answered = new float[3];
      logits.floatBuffer().get(row * 3, answered);
      assertThat(answered).containsExactly(head.logits(one), within(1e-5f));
    }
  }

  @Test
  void pool_saysWhy_whereNoGraphCanFollow() {
    OnnxModel onnx = OnnxModel.read(encoder(17));
    assertThatExceptionOfType(OptimizerException.class)
        .isThrownBy(() -> VectorGraph.pool(onnx, model(Map.of("dense", "2_Dense"))))
        .withMessage(
            "model 'encoder' has layers behind its pooling, [2_Dense], which a head cannot follow"
                + " (expected: none)");
  }

  /** A table of vectors and no more: what pads is looked up, too. */
  private Path encoder(long operators) {
    GraphProto.Builder graph =
        GraphProto.newBuilder()
            .addInput(TestModels.value("input_ids", TestModels.INT64, -1, -1))
            .addInput(TestModels.value("attention_mask", TestModels.INT64, -1, -1))
            .addOutput(TestModels.value("last_hidden_state", TestModels.FLOAT, -1, -1, WIDTH))
            .addInitializer(TestModels.weights("table", new Random(11), 40, WIDTH))
            .addNode(
                TestModels.node(
                    "Gather", "look_up", List.of("table", "input_ids"), "last_hidden_state"));
    return TestModels.write(folder.resolve("encoder" + operators + ".onnx"), graph, operators);
  }

  private Path pooled(Path encoder, TextModel model) {
    OnnxModel onnx = OnnxModel.read(encoder);
    VectorGraph.pool(onnx, model);
    Path file = folder.resolve("pooled.onnx");
    onnx.write(file);
    return file;
  }

  private static TextModel model(Map<String, String> parameters) {
    TensorSpec ids = new TensorSpec("input_ids", DataType.INT64, Shape.of(-1, -1));
    TensorSpec mask = new TensorSpec("attention_mask", DataType.INT64, Shape.of(-1, -1));
    TensorSpec hidden = new TensorSpec("last_hidden_state", DataType.FP32, Shape.of(-1, -1, WIDTH));
    return TextModel.of("encoder", 1, List.of(ids, mask), List.of(hidden), parameters);
  }

  private static List<TensorValue> inputs(boolean left) {
    long[] ids = new long[ROWS * TOKENS];
    long[] mask = new long[ids.length];
    Random random = new Random(4);
    for (int row = 0; row < ROWS; row++) {
      for (int token = 0; token < TOKENS; token++) {
        ids[row * TOKENS + token] = random.nextInt(40);
        boolean counts = left ? token >= TOKENS - LENGTHS[row] : token < LENGTHS[row];
        mask[row * TOKENS + token] = counts ? 1 : 0;
      }
    }
    return List.of(
        new TensorValue("input_ids", Tensor.ofLongs(ids, ROWS, TOKENS)),
        new TensorValue("attention_mask", Tensor.ofLongs(mask, ROWS, TOKENS)));
  }

  private static Tensor run(Path file, List<TensorValue> inputs) {
    try (RunnableModel model = RunnableModel.open(file, SessionSettings.DEFAULT)) {
      return model.run(inputs).getFirst().tensor();
    }
  }

  private static float[] expected(
      Tensor hidden, int row, boolean left, TextModel model, boolean normalize) {
    float[] tokens = new float[TOKENS * WIDTH];
    hidden.floatBuffer().get(row * tokens.length, tokens);
    int padding = left ? TOKENS - LENGTHS[row] : 0;
    try (io.onnxfleet.engine.tensor.Tensor one =
        io.onnxfleet.engine.tensor.Tensor.ofFloats(
            BufferPool.ofDefaults(), Shape.of(1, TOKENS, WIDTH), tokens)) {
      TextVector vector = new TextVector();
      vector.add(model.pooling().vectorOf(one, Pooling.Span.of(padding, LENGTHS[row], 0)), 1);
      return vector.finished(List.of(), normalize);
    }
  }

  private static float[] floats(Random random, int count) {
    float[] values = new float[count];
    for (int index = 0; index < count; index++) {
      values[index] = (float) random.nextGaussian();
    }
    return values;
  }
}
