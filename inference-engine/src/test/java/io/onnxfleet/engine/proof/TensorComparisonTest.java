package io.onnxfleet.engine.proof;

import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.engine.tensor.BufferPool;
import io.onnxfleet.engine.tensor.Shape;
import io.onnxfleet.engine.tensor.Tensor;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class TensorComparisonTest {
  private static final Tolerance FP32 = new Tolerance(1e-5, 0);

  private final BufferPool pool = BufferPool.ofDefaults();

  @AfterEach
  void nothingLeaks() {
    assertThat(pool.usage().buffersInUse()).isZero();
  }

  private @Nullable String floats(float[] one, float[] other) {
    try (Tensor first = Tensor.ofFloats(pool, Shape.of(one.length), one);
        Tensor second = Tensor.ofFloats(pool, Shape.of(other.length), other)) {
      return TensorComparison.difference(
          first, second, false, FP32, TensorComparison.largestMagnitude(first));
    }
  }

  private @Nullable String texts(boolean maps, String one, String other) {
    try (Tensor first = Tensor.ofStrings(pool, Shape.of(1), List.of(one));
        Tensor second = Tensor.ofStrings(pool, Shape.of(1), List.of(other))) {
      return TensorComparison.difference(
          first, second, maps, FP32, TensorComparison.largestMagnitude(first));
    }
  }

  @Test
  void difference_isRelativeToTheLargestMagnitude() {
    assertThat(floats(new float[] {100, 0}, new float[] {100, 0.0009f})).isNull();
    assertThat(floats(new float[] {100, 0}, new float[] {100, 0.0011f}))
        .isEqualTo(
            "values differ by up to 0.00110 of a largest magnitude of 100, at 1 of 2 elements");
  }

  @Test
  void difference_takesWhatIsNoNumberInItsPlace() {
    float none = Float.NaN;
    float infinite = Float.POSITIVE_INFINITY;
    assertThat(floats(new float[] {none, infinite, 1}, new float[] {none, infinite, 1})).isNull();
    assertThat(floats(new float[] {none, 1}, new float[] {1, none})).isNotNull();
    assertThat(floats(new float[] {infinite, 1}, new float[] {-infinite, 1})).isNotNull();
    assertThat(floats(new float[] {infinite, 1}, new float[] {1e30f, 1})).isNotNull();
  }

  @Test
  void difference_tellsShapesAndTypes() {
    assertThat(floats(new float[] {1}, new float[] {1, 1})).isEqualTo("of shape [2] (alone [1])");
    try (Tensor floats = Tensor.ofFloats(pool, Shape.of(1), 1);
        Tensor longs = Tensor.ofLongs(pool, Shape.of(1), 1)) {
      assertThat(TensorComparison.difference(floats, longs, false, FP32, 1))
          .isEqualTo("of type INT64 (alone FP32)");
    }
  }

  @Test
  void difference_isExact_forIntegersAndTexts() {
    try (Tensor one = Tensor.ofLongs(pool, Shape.of(2), 1L << 60, 2);
        Tensor other = Tensor.ofLongs(pool, Shape.of(2), (1L << 60) + 1, 2)) {
      assertThat(TensorComparison.difference(one, other, false, FP32, 1e18))
          .isEqualTo("1 of 2 elements differ");
    }
    assertThat(texts(false, "north", "north")).isNull();
    assertThat(texts(false, "north", "North")).isEqualTo("1 of 1 elements differ");
  }

  @Test
  void difference_comparesMapsByTheirNumbers() {
    assertThat(texts(true, "{\"a\":0.5,\"b\":0.25}", "{\"a\":0.5000001,\"b\":0.25}")).isNull();
    assertThat(texts(true, "{\"a\":0.5}", "{\"a\":0.6}")).isNotNull();
    assertThat(texts(true, "{\"a\":0.5}", "{\"b\":0.5}")).isNotNull();
    assertThat(texts(true, "{\"a\":\"x\"}", "{\"a\":\"y\"}")).isNotNull();
    assertThat(texts(true, "{\"a\":\"NaN\"}", "{\"a\":\"NaN\"}")).isNull();
  }
}
