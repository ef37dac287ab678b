package io.onnxfleet.engine.text.pooling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.within;

import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.tensor.BufferPool;
import io.onnxfleet.engine.tensor.DataType;
import io.onnxfleet.engine.tensor.Shape;
import io.onnxfleet.engine.tensor.Tensor;
import io.onnxfleet.engine.textsettings.PoolingMode;
import java.util.List;
import org.junit.jupiter.api.Test;

class PoolingTest {
  private static final BufferPool pool = BufferPool.ofDefaults();

  /** Padding, three tokens, padding. */
  private static final float[] HIDDEN = {9, 9, 1, -2, 2, 4, 6, -8, 9, 9};

  @Test
  void vectorOf_leavesPaddingOut_onEitherSide() {
    assertThat(pooled(0, PoolingMode.CLS)).containsExactly(1, -2);
    assertThat(pooled(0, PoolingMode.LAST_TOKEN)).containsExactly(6, -8);
    assertThat(pooled(0, PoolingMode.MAX)).containsExactly(6, 4);
    assertThat(pooled(0, PoolingMode.MEAN)).containsExactly(new float[] {3, -2}, within(1e-6f));
    assertThat(pooled(0, PoolingMode.MEAN_SQRT_LEN))
        .containsExactly(
            new float[] {(float) (9 / Math.sqrt(3)), (float) (-6 / Math.sqrt(3))}, within(1e-5f));
    assertThat(pooled(0, PoolingMode.WEIGHTED_MEAN))
        .containsExactly(new float[] {(1 + 4 + 18) / 6f, (-2 + 8 - 24) / 6f}, within(1e-5f));
  }

  @Test
  void vectorOf_leavesThePromptOut_whereTokensAreCounted() {
    assertThat(pooled(1, PoolingMode.CLS)).containsExactly(1, -2);
    assertThat(pooled(1, PoolingMode.MEAN)).containsExactly(4, -2);
    assertThat(pooled(1, PoolingMode.MAX)).containsExactly(6, 4);
    assertThat(pooled(1, PoolingMode.WEIGHTED_MEAN))
        .containsExactly(new float[] {(4 + 18) / 5f, (8 - 24) / 5f}, within(1e-5f));
    assertThat(pooled(99, PoolingMode.MEAN)).containsExactly(6, -8);
  }

  @Test
  void vectorOf_joinsSeveral() {
    assertThat(pooled(0, PoolingMode.CLS, PoolingMode.LAST_TOKEN)).containsExactly(1, -2, 6, -8);
  }

  @Test
  void vectorOf_readsEveryFloatingPointType() {
    try (Tensor half = Tensor.allocate(pool, DataType.FP16, Shape.of(1, 2));
        Tensor brain = Tensor.allocate(pool, DataType.BF16, Shape.of(1, 2));
        Tensor twice = Tensor.allocate(pool, DataType.FP64, Shape.of(1, 2))) {
      half.data().asShortBuffer().put(Float.floatToFloat16(-0.5f)).put(Float.floatToFloat16(3));
      brain.data().asShortBuffer().put((short) 0xBF00).put((short) 0x4040);
      twice.data().asDoubleBuffer().put(-0.5).put(3);

      for (Tensor output : List.of(half, brain, twice)) {
        assertThat(Pooling.MODEL.vectorOf(output, Pooling.Span.of(0, 1, 0)))
            .as(output.toString())
            .containsExactly(-0.5f, 3);
      }
    }
  }

  @Test
  void vectorOf_refusesAnAnswer_thatHasFewerTokens() {
    try (Tensor output = Tensor.ofFloats(pool, Shape.of(1, 2, 1), 1, 2)) {
      assertThatExceptionOfType(InferenceException.class)
          .isThrownBy(() -> Pooling.MEAN.vectorOf(output, Pooling.Span.of(0, 3, 0)))
          .withMessageContaining("expected FP32[1,3,-1]");
    }
  }

  private static float[] pooled(int promptTokens, PoolingMode... modes) {
    try (Tensor output = Tensor.ofFloats(pool, Shape.of(1, 5, 2), HIDDEN)) {
      return new Pooling(List.of(modes)).vectorOf(output, Pooling.Span.of(1, 3, promptTokens));
    }
  }
}
