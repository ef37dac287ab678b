package io.onnxfleet.engine.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.tensor.BufferPool;
import io.onnxfleet.engine.tensor.NamedTensor;
import io.onnxfleet.engine.tensor.Shape;
import io.onnxfleet.engine.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What every {@link ModelSession} of y = 2x + 1 and z = -x over FP32 rows of three must do. */
abstract class ModelSessionContract {
  final BufferPool pool = BufferPool.ofDefaults();

  /** A session of the model. */
  abstract ModelSession open();

  /** A session in which a run of {@link #endlessInputs} goes on until it is terminated. */
  abstract ModelSession openEndless();

  abstract List<NamedTensor> endlessInputs();

  @AfterEach
  void pool_isEmpty() {
    assertThat(pool.usage().buffersInUse()).isZero();
  }

  @Test
  void signature_namesInputsAndOutputs_inOrder() {
    try (ModelSession session = open()) {
      assertThat(session.signature().inputs()).extracting("name").containsExactly("x");
      assertThat(session.signature().outputs()).extracting("name").containsExactly("y", "z");
      assertThat(session.signature().inputs().getFirst().shape()).isEqualTo(Shape.of(-1, 3));
      assertThat(session.executionProvider()).isEqualTo(ExecutionProvider.CPU);
      assertThat(session.providerNotes()).isEmpty();
    }
  }

  @Test
  void run_givesOutputs_inTheOrderAskedFor() {
    try (ModelSession session = open();
        Tensor x = Tensor.ofFloats(pool, Shape.of(2, 3), 0, 1, 2, 3, 4, -5)) {
      assertThat(run(session, x, "z", "y"))
          .containsExactly(new float[] {-0f, -1, -2, -3, -4, 5}, new float[] {1, 3, 5, 7, 9, -9});
      assertThat(run(session, x, "y")).containsExactly(new float[] {1, 3, 5, 7, 9, -9});
    }
  }

  @Test
  void run_takesEveryNumberOfRows() {
    try (ModelSession session = open()) {
      for (int rows : new int[] {0, 1, 7, 64, 3}) {
        float[] values = new float[3 * rows];
        try (Tensor x = Tensor.ofFloats(pool, Shape.of(rows, 3), values)) {
          assertThat(run(session, x, "y").getFirst()).hasSize(3 * rows).containsOnly(ones(rows));
        }
      }
    }
  }

  private static float[] ones(int rows) {
    return rows == 0 ? new float[0] : new float[] {1};
  }

  @Test
  void run_isRefused_whenAnInputHasAnotherType() {
    try (ModelSession session = open();
        Tensor x = Tensor.ofLongs(pool, Shape.of(1, 3), 1, 2, 3)) {
      assertThatExceptionOfType(InferenceException.class)
          .isThrownBy(() -> run(session, x, "y"))
          .satisfies(failure -> assertThat(failure.code()).isEqualTo(ErrorCode.INVALID_INPUT));
    }
  }

  @Test
  void run_isRefused_whenNamesAreUnknown() {
    try (ModelSession session = open();
        Tensor x = Tensor.ofFloats(pool, Shape.of(1, 3), 1, 2, 3)) {
      assertThatExceptionOfType(InferenceException.class)
          .isThrownBy(() -> run(session, x, "y", "nothing"))
          .withMessageContaining("nothing")
          .satisfies(failure -> assertThat(failure.code()).isEqualTo(ErrorCode.INVALID_INPUT));
      assertThatExceptionOfType(InferenceException.class)
          .isThrownBy(() -> session.run(List.of(new NamedTensor("nothing", x)), List.of("y")))
          .satisfies(failure -> assertThat(failure.code()).isEqualTo(ErrorCode.INVALID_INPUT));
      assertThat(run(session, x, "y")).hasSize(1);
    }
  }

  @Test
  void terminate_doesNothing_whenNoRunIsUnderWay() {
    try (ModelSession session = open();
        Tensor x = Tensor.ofFloats(pool, Shape.of(1, 3), 1, 2, 3)) {
      session.terminate();
      assertThat(run(session, x, "y")).containsExactly(new float[] {3, 5, 7});
    }
  }

  @Test
  void terminate_failsTheRun_whenOneIsUnderWay() throws Exception {
    try (ModelSession session = openEndless()) {
      List<NamedTensor> inputs = endlessInputs();
      CompletableFuture<List<Tensor>> run = startRun(session, inputs);
      terminateUntilDone(session, run);
      assertThatThrownBy(run::get)
          .isInstanceOf(ExecutionException.class)
          .cause()
          .isInstanceOfSatisfying(
              InferenceException.class,
              failure -> {
                assertThat(failure.code()).isEqualTo(ErrorCode.EXECUTION_FAILED);
                assertThat(failure).hasMessageContaining("terminated");
              });
      inputs.forEach(input -> input.tensor().close());
    }
  }

  @Test
  void runAndClose_areRefused_whileARunIsUnderWay() throws Exception {
    try (ModelSession session = openEndless()) {
      List<NamedTensor> inputs = endlessInputs();
      CompletableFuture<List<Tensor>> run = startRun(session, inputs);
      awaitRun(session);
      assertThatIllegalStateException().isThrownBy(session::close);
      assertThatIllegalStateException()
          .isThrownBy(() -> session.run(inputs, List.of("y")))
          .withMessageContaining("under way");
      terminateUntilDone(session, run);
      assertThat(run).isCompletedExceptionally();
      inputs.forEach(input -> input.tensor().close());
    }
  }

  @Test
  void run_isRefused_afterClose() {
    ModelSession session = open();
    session.close();
    session.close();
    session.terminate();
    try (Tensor x = Tensor.ofFloats(pool, Shape.of(1, 3), 1, 2, 3)) {
      assertThatIllegalStateException()
          .isThrownBy(() -> run(session, x, "y"))
          .withMessageContaining("closed");
    }
  }

  private static CompletableFuture<List<Tensor>> startRun(
      ModelSession session, List<NamedTensor> inputs) {
    CompletableFuture<List<Tensor>> run = new CompletableFuture<>();
    Thread.ofPlatform().daemon().start(() -> run(session, inputs, run));
    return run;
  }

  private static void run(
      ModelSession session, List<NamedTensor> inputs, CompletableFuture<List<Tensor>> result) {
    while (!result.isDone()) {
      try {
        result.complete(session.run(inputs, List.of("y")));
      } catch (IllegalStateException probeUnderWay) {
        Thread.onSpinWait();
      } catch (Throwable failure) {
        result.completeExceptionally(failure);
      }
    }
  }

  /** Returns once a run is under way, told by probes that would be refused anyway. */
  private static void awaitRun(ModelSession session) {
    while (true) {
      try {
        session.run(List.of(), List.of("nothing"));
      } catch (IllegalStateException underWay) {
        return;
      } catch (InferenceException notYet) {
        Thread.onSpinWait();
      }
    }
  }

  private static void terminateUntilDone(ModelSession session, CompletableFuture<?> run)
      throws Exception {
    while (!run.isDone()) {
      session.terminate();
      run.handle((result, failure) -> true)
          .completeOnTimeout(false, 1, TimeUnit.MILLISECONDS)
          .get();
    }
  }

  List<float[]> run(ModelSession session, Tensor x, String... outputs) {
    List<Tensor> tensors = session.run(List.of(new NamedTensor("x", x)), List.of(outputs));
    List<float[]> values = new ArrayList<>();
    for (Tensor tensor : tensors) {
      float[] floats = new float[(int) tensor.shape().elementCount()];
      tensor.data().asFloatBuffer().get(floats);
      values.add(floats);
      tensor.close();
    }
    return values;
  }
}
