package io.onnxfleet.engine.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.onnxfleet.engine.error.InferenceException;
import org.junit.jupiter.api.Test;

class ShapeTest {
  private static final long LARGE = 1L << 32;

  @Test
  void elementCount_isTheProduct_whenItFits() {
    assertThat(Shape.SCALAR.elementCount()).isEqualTo(1);
    assertThat(Shape.of(2, 3, 4).elementCount()).isEqualTo(24);
    assertThat(Shape.of(Long.MAX_VALUE).elementCount()).isEqualTo(Long.MAX_VALUE);
    assertThat(Shape.of(7, 3, 4).elementsPerRow()).isEqualTo(12);
  }

  @Test
  void elementCount_refuses_whenTheProductOverflows() {
    assertThatThrownBy(() -> Shape.of(LARGE, LARGE).elementCount())
        .isInstanceOf(InferenceException.class)
        .hasMessage("shape: [4294967296,4294967296] (expected fewer than 2^63 elements)");
    // Overflows to a positive number, and to zero.
    assertThatThrownBy(() -> Shape.of(3, Long.MAX_VALUE).elementCount())
        .isInstanceOf(InferenceException.class);
    assertThatThrownBy(() -> Shape.of(1L << 62, 4).elementCount())
        .isInstanceOf(InferenceException.class);
    assertThatThrownBy(() -> Shape.of(LARGE, 1L << 31).elementCount())
        .isInstanceOf(InferenceException.class);
  }

  @Test
  void elementCount_isZero_whenADimensionIsZeroAndTheOthersAreLarge() {
    assertThat(Shape.of(0, LARGE, LARGE).elementCount()).isZero();
    assertThat(Shape.of(2, 0, 3).elementCount()).isZero();
  }

  @Test
  void elementCount_isZero_whenTheZeroStandsBehindLargeDimensions() {
    assertThat(Shape.of(LARGE, LARGE, 0).elementCount()).isZero();
  }

  @Test
  void elementCount_refuses_whenADimensionIsVariable() {
    assertThatThrownBy(() -> Shape.of(2, Shape.VARIABLE).elementCount())
        .hasMessage("shape: [2,-1] (expected dimensions >= 0)");
  }

  @Test
  void of_refuses_whenADimensionIsNegativeOrThereAreTooMany() {
    assertThatThrownBy(() -> Shape.of(1, -2))
        .hasMessage("shape: [1, -2] (expected dimensions >= 0)");
    assertThatThrownBy(() -> Shape.of(new long[65]))
        .hasMessage("shape: 65 dimensions (expected: <= 64)");
  }

  @Test
  void accepts_comparesOnlyWhatIsDeclared_whenDimensionsAreVariable() {
    Shape declared = Shape.of(-1, 16);

    assertThat(declared.accepts(Shape.of(3, 16))).isTrue();
    assertThat(declared.accepts(Shape.of(0, 16))).isTrue();
    assertThat(declared.accepts(Shape.of(3, 8))).isFalse();
    assertThat(declared.accepts(Shape.of(16))).isFalse();
  }

  @Test
  void shape_isAValue_whenItsArraysChange() {
    long[] dims = {2, 3};
    Shape shape = Shape.of(dims);
    dims[0] = 9;
    shape.dims()[1] = 9;

    assertThat(shape).isEqualTo(Shape.of(2, 3)).hasSameHashCodeAs(Shape.of(2, 3));
    assertThat(shape.with(0, 5).prepend(1).withoutFirst()).hasToString("[5,3]");
  }
}
