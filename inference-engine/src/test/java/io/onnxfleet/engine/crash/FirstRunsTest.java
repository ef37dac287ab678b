package io.onnxfleet.engine.crash;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.onnxfleet.engine.metrics.ModelVersionId;
import io.onnxfleet.engine.tensor.BufferPool;
import io.onnxfleet.engine.tensor.NamedTensor;
import io.onnxfleet.engine.tensor.Shape;
import io.onnxfleet.engine.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class FirstRunsTest {
  private final BufferPool pool = BufferPool.ofDefaults();
  private final List<String> guarded = new ArrayList<>();
  private int learned;

  private FirstRuns runs(Set<Long> known) {
    return new FirstRuns(new ModelVersionId("m", 1), "c", RunMarks.none(), known, () -> learned++);
  }

  private List<NamedTensor> input(long... dims) {
    Shape shape = Shape.of(dims);
    return List.of(
        new NamedTensor("x", Tensor.ofFloats(pool, shape, new float[(int) shape.elementCount()])));
  }

  @Test
  void shapes_areOneClass_upToThePowerOfTwo() {
    FirstRuns runs = runs(Set.of());
    runs.serve();
    assertThat(runs.shapeOf(input(5, 3))).isEqualTo(runs.shapeOf(input(8, 4)));
    assertThat(runs.shapeOf(input(9, 3))).isNotEqualTo(runs.shapeOf(input(8, 3)));
    assertThat(runs.shapeOf(input(3, 5))).isNotEqualTo(runs.shapeOf(input(5, 3)));
    assertThat(runs.shapeOf(input(4, 1))).isNotEqualTo(runs.shapeOf(input(4)));
    assertThat(runs.shapeOf(input(1, 3))).isNotEqualTo(runs.shapeOf(input(2, 3)));
  }

  @Test
  void callersData_countApartFromMadeUpData() {
    FirstRuns runs = runs(Set.of());
    long madeUp = runs.shapeOf(input(1, 3));
    runs.serve();
    assertThat(runs.shapeOf(input(1, 3))).isNotEqualTo(madeUp);
  }

  @Test
  void first_makesTheShapeKnown_unlessTheRunFails() {
    FirstRuns runs = runs(Set.of());
    runs.serve();
    List<NamedTensor> input = input(1, 3);
    long shape = runs.shapeOf(input);
    assertThatThrownBy(
            () ->
                runs.first(
                    shape,
                    input,
                    List.of("y"),
                    () -> {
                      throw new IllegalStateException("refused");
                    }))
        .hasMessage("refused");
    assertThat(runs.isKnown(shape)).isFalse();
    assertThat(runs.<String>first(shape, input, List.of("y"), () -> "y")).isEqualTo("y");
    assertThat(runs.isKnown(shape)).isTrue();
    assertThat(learned).isEqualTo(1);
    assertThat(runs(runs.known()).isKnown(shape)).as("in a later process").isTrue();
  }

  @Test
  void guard_isAsked_onlyWhileNothingRanWell() {
    FirstRuns runs = runs(Set.of());
    runs.guard((of, run, inputs, outputs) -> guarded.add(run.description()));
    Integer _ = runs.first(1, input(1, 3), List.of("y"), () -> 1);
    assertThat(guarded).as("made-up data").isEmpty();
    FirstRuns fresh = runs(Set.of());
    fresh.guard((of, run, inputs, outputs) -> guarded.add(run.description()));
    fresh.serve();
    Integer _ = fresh.first(1, input(1, 3), List.of("y"), () -> 1);
    Integer _ = fresh.first(2, input(2, 3), List.of("y"), () -> 1);
    assertThat(guarded).containsExactly("x [1,3]");
  }

  @Test
  void shapes_areBounded() {
    FirstRuns runs = runs(Set.of());
    for (long shape = 0; shape < 2 * FirstRuns.MOST_SHAPES; shape++) {
      if (!runs.isKnown(shape)) {
        Integer _ = runs.first(shape, input(1), List.of("y"), () -> 1);
      }
    }
    assertThat(runs.known()).hasSize(FirstRuns.MOST_SHAPES);
    assertThat(learned).isEqualTo(FirstRuns.MOST_SHAPES);
  }
}
