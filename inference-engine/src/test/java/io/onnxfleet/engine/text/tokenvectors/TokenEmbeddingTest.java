package io.onnxfleet.engine.text.tokenvectors;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.tensor.BufferPool;
import io.onnxfleet.engine.tensor.DataType;
import io.onnxfleet.engine.tensor.Shape;
import io.onnxfleet.engine.tensor.Tensor;
import io.onnxfleet.engine.tensor.TensorSpec;
import io.onnxfleet.engine.text.AnsweredRow;
import io.onnxfleet.engine.text.TextModel;
import io.onnxfleet.engine.text.TextTask;
import io.onnxfleet.engine.text.TextVersion;
import io.onnxfleet.engine.text.pooling.Pooling;
import io.onnxfleet.engine.text.tokenization.SpecialTokens;
import io.onnxfleet.engine.text.tokenization.TextWindow;
import io.onnxfleet.engine.text.tokenization.TokenPlaces;
import io.onnxfleet.engine.text.tokenization.TokenizedTexts;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class TokenEmbeddingTest {
  private static final BufferPool POOL = BufferPool.ofDefaults();
  private static final SpecialTokens FRAME =
      new SpecialTokens(
          new long[] {1}, new long[] {2}, new long[1], 0, new long[1], List.of("a", "b"));

  @Test
  void padding_isLeftOut_onEitherSide() {
    float[] answered = {9, 9, 9, 9, 1, -1, 2, -2, 3, -3, 9, 9};
    assertThat(embedded(3, answered, 2).vectors().getFirst())
        .isDeepEqualTo(new float[][] {{1, -1}, {2, -2}, {3, -3}});
  }

  @Test
  void answer_isRefused_whereANumberIsNone() {
    float[] answered = {9, 9, 9, 9, 1, -1, 2, Float.NaN, 3, -3, 9, 9};
    assertThatExceptionOfType(InferenceException.class)
        .isThrownBy(() -> embedded(3, answered, 2))
        .returns(ErrorCode.EXECUTION_FAILED, InferenceException::code);
    // Of what is padding, nothing is looked at.
    assertThat(embedded(3, new float[] {Float.NaN, 0, 1, 2, 3, 4}, 1).vectors()).hasSize(1);
  }

  /** Where the model does not declare how many, the first row tells. */
  @Test
  void answer_isRefused_whereItIsTooLarge() {
    assertThatExceptionOfType(InferenceException.class)
        .isThrownBy(() -> embedded(1 << 22, new float[12], 2))
        .returns(ErrorCode.REQUEST_TOO_LARGE, InferenceException::code)
        .withMessage(
            "input: 4194304 tokens of 2 numbers each (expected: <= 4194304 numbers in all)");
  }

  /** One token between two special ones, behind padding of two places. */
  private static TokenEmbeddings embedded(long tokens, float[] answered, int dimensions) {
    TextWindow window = new TextWindow(0, 1, 1);
    TokenizedTexts texts =
        new TokenizedTexts(
            List.of(
                new TokenizedTexts.Text(
                    new long[] {7}, List.of(window), 0, FRAME, TokenPlaces.NONE)),
            tokens);
    TextTask.Reduction<TokenEmbeddings> reduction = new TokenEmbedding().begin(version(), texts);
    try (Tensor output = Tensor.ofFloats(POOL, Shape.of(1, 6, dimensions), answered)) {
      reduction.add(new AnsweredRow(0, Pooling.Span.of(2, 3, 0), 3, window, output));
    }
    return reduction.finish();
  }

  private static TextVersion version() {
    TensorSpec ids = new TensorSpec("input_ids", DataType.INT64, Shape.of(-1, -1));
    TensorSpec hidden = new TensorSpec("last_hidden_state", DataType.FP32, Shape.of(-1, -1, -1));
    return new TextVersion(
        TextModel.of("m", 1, List.of(ids), List.of(hidden), Map.of()), List.of());
  }
}
