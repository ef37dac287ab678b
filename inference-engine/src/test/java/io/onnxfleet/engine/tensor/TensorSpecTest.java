package io.onnxfleet.engine.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;

class TensorSpecTest {
  @Test
  void tensor_acceptsItsShape_andMayBatchWhereAxis0IsVariable() {
    TensorSpec spec = new TensorSpec("x", DataType.FP32, Shape.of(-1, 3));
    assertThat(spec.accepts(Shape.of(7, 3))).isTrue();
    assertThat(spec.accepts(Shape.of(7, 4))).isFalse();
    assertThat(spec.mayBatch()).isTrue();
    assertThat(new TensorSpec("x", DataType.FP32, Shape.of(2, -1)).mayBatch()).isFalse();
    assertThat(new TensorSpec("x", DataType.FP32, Shape.SCALAR).mayBatch()).isFalse();
  }

  @Test
  void unranked_acceptsEverything_andNeverBatches() {
    TensorSpec spec = spec(Shape.SCALAR, TensorSpec.Form.UNRANKED);
    assertThat(spec.accepts(Shape.SCALAR)).isTrue();
    assertThat(spec.accepts(Shape.of(1, 2, 3))).isTrue();
    assertThat(spec.mayBatch()).isFalse();
  }

  @Test
  void sequence_acceptsStackedElements_andNeverBatches() {
    TensorSpec ranked = spec(Shape.of(-1, 2, 3), TensorSpec.Form.SEQUENCE);
    assertThat(ranked.accepts(Shape.of(5, 2, 3))).isTrue();
    assertThat(ranked.accepts(Shape.of(5, 2))).isFalse();
    assertThat(ranked.mayBatch()).isFalse();
    TensorSpec unranked = spec(Shape.of(-1), TensorSpec.Form.SEQUENCE);
    assertThat(unranked.accepts(Shape.of(5, 2, 3))).isTrue();
    assertThat(unranked.accepts(Shape.SCALAR)).isFalse();
  }

  @Test
  void maps_mayBatch_whereTheyAreASequence() {
    assertThat(spec(Shape.of(-1), TensorSpec.Form.MAPS).mayBatch()).isTrue();
    assertThat(spec(Shape.of(1), TensorSpec.Form.MAPS).mayBatch()).isFalse();
  }

  @Test
  void names_areAsManyAsDimensions() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new TensorSpec("x", DataType.FP32, Shape.of(1), false, List.of()))
        .withMessage("x: 0 dimension names (expected 1)");
  }

  private static TensorSpec spec(Shape shape, TensorSpec.Form form) {
    return new TensorSpec(
        "x", DataType.FP32, shape, false, Collections.nCopies(shape.rank(), ""), form);
  }
}
