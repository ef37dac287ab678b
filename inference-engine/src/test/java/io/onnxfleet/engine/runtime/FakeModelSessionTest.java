package io.onnxfleet.engine.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.tensor.NamedTensor;
import io.onnxfleet.engine.tensor.Shape;
import io.onnxfleet.engine.tensor.Tensor;
import java.util.List;
import org.junit.jupiter.api.Test;

class FakeModelSessionTest extends ModelSessionContract {
  @Override
  ModelSession open() {
    return new FakeModelSession(pool);
  }

  @Override
  ModelSession openEndless() {
    FakeModelSession session = new FakeModelSession(pool);
    session.hold();
    return session;
  }

  @Override
  List<NamedTensor> endlessInputs() {
    return List.of(new NamedTensor("x", Tensor.ofFloats(pool, Shape.of(1, 3), 1, 2, 3)));
  }

  @Test
  void run_fails_whenARowStartsWithNaN() {
    try (FakeModelSession session = new FakeModelSession(pool);
        Tensor x = Tensor.ofFloats(pool, Shape.of(2, 3), 1, 2, 3, Float.NaN, 5, 6)) {
      assertThatExceptionOfType(InferenceException.class)
          .isThrownBy(() -> run(session, x, "y"))
          .withMessageContaining("NaN");
      assertThat(session.rowsOfRuns()).containsExactly(2L);
    }
  }
}
