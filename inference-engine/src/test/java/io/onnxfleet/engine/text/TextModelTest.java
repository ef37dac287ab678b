package io.onnxfleet.engine.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.tensor.DataType;
import io.onnxfleet.engine.tensor.Shape;
import io.onnxfleet.engine.tensor.TensorSpec;
import io.onnxfleet.engine.text.pooling.Pooling;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TextModelTest {
  private static final TensorSpec IDS = integers("input_ids", -1);
  private static final TensorSpec MASK = integers("attention_mask", -1);
  private static final TensorSpec TYPES = integers("token_type_ids", -1);
  private static final TensorSpec HIDDEN = floats("last_hidden_state", -1, -1, 384);
  private static final TensorSpec SENTENCE = floats("sentence_embedding", -1, 384);

  @Test
  void of_poolsTheHiddenStateByMean_whenNothingIsSaid() {
    TextModel model = of(List.of(IDS, MASK, TYPES), List.of(HIDDEN), Map.of());

    assertThat(model.inputs()).containsExactly(IDS, MASK, TYPES);
    assertThat(model.output()).isEqualTo("last_hidden_state");
    assertThat(model.pooling()).isEqualTo(Pooling.MEAN);
    assertThat(model.maxLength()).isEmpty();
    assertThat(model.overlap()).isEqualTo(TextModel.DEFAULT_OVERLAP);
    assertThat(model.fixedLength()).isZero();
  }

  @Test
  void of_prefersTheNamedOutput_whereverItStands() {
    TensorSpec attention = floats("attention", -1, -1, -1);

    assertThat(of(List.of(IDS), List.of(attention, HIDDEN), Map.of()).output())
        .isEqualTo("last_hidden_state");
    assertThat(of(List.of(IDS), List.of(HIDDEN, attention), Map.of()).output())
        .isEqualTo("last_hidden_state");
    assertThat(of(List.of(IDS), List.of(attention), Map.of()).output()).isEqualTo("attention");
  }

  @Test
  void of_takesTheModelsOwnVector_unlessPoolingIsAskedFor() {
    List<TensorSpec> outputs = List.of(HIDDEN, SENTENCE);

    assertThat(of(List.of(IDS), outputs, Map.of()))
        .returns("sentence_embedding", TextModel::output)
        .returns(Pooling.MODEL, TextModel::pooling);
    assertThat(of(List.of(IDS), outputs, Map.of("pooling", "cls")))
        .returns("last_hidden_state", TextModel::output)
        .returns(Pooling.CLS, TextModel::pooling);
  }

  @Test
  void of_takesTheOnlyVector_whateverItIsCalled() {
    assertThat(of(List.of(IDS), List.of(floats("embeddings", -1, 8)), Map.of()))
        .returns("embeddings", TextModel::output)
        .returns(Pooling.MODEL, TextModel::pooling)
        .returns(8, TextModel::dimensions);
    assertThat(of(List.of(IDS), List.of(floats("pooler_output", -1, 8), HIDDEN), Map.of()).output())
        .isEqualTo("last_hidden_state");
    assertThat(of(List.of(IDS), List.of(HIDDEN, floats("text_embeds", -1, 8)), Map.of()).output())
        .isEqualTo("text_embeds");
  }

  @Test
  void of_takesTheOutputThatIsAskedFor() {
    List<TensorSpec> outputs =
        List.of(HIDDEN, floats("pooler_output", -1, 8), floats("logits", -1, 2));

    assertThat(of(List.of(IDS), outputs, Map.of("output", "pooler_output")).pooling())
        .isEqualTo(Pooling.MODEL);
    assertThat(of(List.of(IDS), outputs, Map.of("output", "logits")).dimensions()).isEqualTo(2);
    assertThatExceptionOfType(InferenceException.class)
        .isThrownBy(() -> of(List.of(IDS), outputs, Map.of("output", "pooled")))
        .withMessageContaining(
            "no output 'pooled' (expected one of [last_hidden_state, pooler_output, logits])");
  }

  @Test
  void of_readsTheParameters() {
    TextModel model =
        of(
            List.of(IDS),
            List.of(HIDDEN),
            Map.of("max-sequence-length", "256", "window-overlap", "16", "pooling", "mean"));

    assertThat(model.maxLength()).contains(256);
    assertThat(model.overlap()).isEqualTo(16);
  }

  @Test
  void of_keepsAFixedLength() {
    assertThat(of(List.of(integers("input_ids", 64)), List.of(HIDDEN), Map.of()).fixedLength())
        .isEqualTo(64);
    assertThat(of(List.of(integers("input_ids", 1 << 17)), List.of(HIDDEN), Map.of()).fixedLength())
        .isEqualTo(131_072);
    for (long length : new long[] {(1 << 17) + 1, Integer.MAX_VALUE, 1L << 33}) {
      requireNotText(
          List.of(integers("input_ids", length)),
          List.of(HIDDEN),
          "its input 'input_ids' has rows of %d tokens, which are more than 131072"
              .formatted(length));
    }
  }

  @Test
  void of_leavesOptionalInputsOut() {
    TensorSpec optional =
        new TensorSpec("scale", DataType.FP32, Shape.SCALAR, true, Collections.emptyList());

    assertThat(of(List.of(IDS, optional), List.of(HIDDEN), Map.of()).inputs()).containsExactly(IDS);
  }

  @Test
  void of_saysWhy_whenModelTakesNoText() {
    requireNotText(List.of(floats("x", -1, 4)), List.of(HIDDEN), "no input 'input_ids'");
    requireNotText(
        List.of(IDS, integers("position_ids", -1)), List.of(HIDDEN), "its input 'position_ids'");
    requireNotText(
        List.of(IDS, integers("pixel_values", -1)), List.of(HIDDEN), "its input 'pixel_values'");
    requireNotText(
        List.of(floats("input_ids", -1, -1)), List.of(HIDDEN), "'input_ids' is FP32[-1,-1]");
    requireNotText(
        List.of(new TensorSpec("input_ids", DataType.INT64, Shape.of(-1))),
        List.of(HIDDEN),
        "'input_ids' is INT64[-1]");
    requireNotText(List.of(IDS), List.of(floats("logits", -1, 2)), "no FP32 output");
    requireNotText(
        List.of(IDS), List.of(floats("a", -1, 2), floats("b", -1, 2)), "several outputs");
    requireNotText(
        List.of(IDS), List.of(floats("a", -1, -1, 2), floats("b", -1, -1, 2)), "several outputs");
  }

  @Test
  void of_namesTheParameter_whenItMakesNoSense() {
    requireBadParameter(
        "pooling",
        "best",
        "pooling: best (expected one of [cls, max, mean, mean_sqrt_len, weightedmean, lasttoken]");
    requireBadParameter("pooling", "mean+mean", "pooling: mean+mean");
    requireBadParameter("normalize", "yes", "normalize: yes (expected true or false)");
    requireBadParameter("token-arrays", "all", "token-arrays: all (expected accept or refuse)");
    requireBadParameter("prompt.", "x", "a name behind 'prompt.'");
    requireBadParameter("default-prompt", "query", "default-prompt: query (expected none, or one");
    requireBadParameter("output", " ", "output:   (expected the name of an output)");
    requireBadParameter("dense", "../x", "dense: ../x (expected none, or folders");
    requireBadParameter("max-sequence-length", "0", "max-sequence-length: 0 (expected a number");
    requireBadParameter("max-sequence-length", "999999999", "from 1 to 131072");
    requireBadParameter("window-overlap", "-1", "window-overlap: -1 (expected a number from 0");
    requireBadParameter("window-overlap", "few", "window-overlap: few");
  }

  @Test
  void tokenizerFile_ofTheVersion_goesBeforeTheModels(@TempDir Path folder) throws IOException {
    assertThat(TextModel.tokenizerFile(folder, 3)).isEmpty();

    Path ofModel = Files.createFile(folder.resolve("tokenizer.json"));
    assertThat(TextModel.tokenizerFile(folder, 3)).contains(ofModel);

    Path ofVersion =
        Files.createFile(Files.createDirectory(folder.resolve("3")).resolve("tokenizer.json"));
    assertThat(TextModel.tokenizerFile(folder, 3)).contains(ofVersion);
    assertThat(TextModel.tokenizerFile(folder, 4)).contains(ofModel);
  }

  private static void requireNotText(
      List<TensorSpec> inputs, List<TensorSpec> outputs, String reason) {
    assertThatExceptionOfType(InferenceException.class)
        .isThrownBy(() -> of(inputs, outputs, Map.of()))
        .withMessageStartingWith("model 'm' does not serve text: ")
        .withMessageContaining(reason)
        .returns(ErrorCode.UNSUPPORTED_FEATURE, InferenceException::code);
  }

  private static void requireBadParameter(String key, String value, String message) {
    assertThatExceptionOfType(InferenceException.class)
        .isThrownBy(() -> of(List.of(IDS), List.of(HIDDEN), Map.of(key, value)))
        .withMessageContaining(message)
        .returns(ErrorCode.MODEL_LOAD_FAILED, InferenceException::code);
  }

  private static TextModel of(
      List<TensorSpec> inputs, List<TensorSpec> outputs, Map<String, String> parameters) {
    return TextModel.of("m", 1, inputs, outputs, parameters);
  }

  private static TensorSpec integers(String name, long length) {
    return new TensorSpec(name, DataType.INT64, Shape.of(-1, length));
  }

  private static TensorSpec floats(String name, long... dims) {
    return new TensorSpec(name, DataType.FP32, Shape.of(dims));
  }
}
