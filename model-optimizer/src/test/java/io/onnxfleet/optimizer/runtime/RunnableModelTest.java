package io.onnxfleet.optimizer.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.onnxfleet.optimizer.OptimizerException;
import io.onnxfleet.optimizer.TestModels;
import io.onnxfleet.optimizer.graph.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunnableModelTest {
  private static final List<TensorValue> ROW =
      List.of(new TensorValue("x", Tensor.ofFloats(new float[16], 1, 16)));

  @TempDir private Path folder;
  private Path file = Path.of("");

  @BeforeEach
  void writesAModel() {
    file = TestModels.write(folder.resolve("m.onnx"), TestModels.perceptron(new Random(1)));
  }

  @Test
  void run_givesWhatTheModelGives_asOftenAsItIsAsked() {
    try (RunnableModel model = RunnableModel.open(file, SessionSettings.DEFAULT)) {
      assertThat(model.inputs()).singleElement().extracting(InputSpec::name).isEqualTo("x");
      assertThat(model.outputTypes()).containsOnlyKeys("y");
      List<TensorValue> first = model.run(ROW);
      assertThat(first.getFirst().tensor().dimensions()).containsExactly(1, 8);
      for (int run = 0; run < 3; run++) {
        assertThat(model.run(ROW).getFirst().tensor().floats())
            .containsExactly(first.getFirst().tensor().floats());
      }
      try (RunnableModel.Inputs inputs = model.prepare(ROW)) {
        assertThat(inputs.exercise(5)).isPositive();
      }
    }
  }

  @Test
  void refusals_haveTheRuntimesReason_andTheProcessGoesOn() throws IOException {
    Path broken = Files.writeString(folder.resolve("broken.onnx"), "no model");
    assertThatThrownBy(() -> RunnableModel.open(broken, SessionSettings.DEFAULT))
        .isInstanceOf(OptimizerException.class)
        .isNotInstanceOf(ModelCrashException.class)
        .hasMessageContaining("ONNX Runtime refuses the model");
    try (RunnableModel model = RunnableModel.open(file, SessionSettings.DEFAULT)) {
      assertThatThrownBy(
              () -> model.run(List.of(new TensorValue("x", Tensor.ofFloats(new float[15], 1, 15)))))
          .isInstanceOf(OptimizerException.class)
          .isNotInstanceOf(ModelCrashException.class);
      assertThat(model.run(ROW)).isNotEmpty();
    }
  }

  @Test
  void crash_isToldWithItsSignal_andHarmsNoOtherModel() throws IOException, InterruptedException {
    List<RunnableModel> open = new ArrayList<>();
    try {
      RunnableModel other = opened(open);
      long process = freshProcess(open);
      signal(process, "SEGV");
      assertThatThrownBy(() -> open.getLast().run(ROW))
          .isInstanceOf(ModelCrashException.class)
          .hasMessageContaining("m.onnx: ONNX Runtime ended the process of the model: SIGSEGV in ");
      assertThat(other.run(ROW)).isNotEmpty();
      process = freshProcess(open);
      signal(process, "KILL");
      assertThatThrownBy(() -> open.getLast().run(ROW))
          .isInstanceOf(ModelCrashException.class)
          .hasMessageContaining("exit code 137, SIGKILL");
    } finally {
      open.forEach(RunnableModel::close);
    }
  }

  @Test
  void crash_countsOnly_inAProcessThatHasSeenNoOtherModel()
      throws IOException, InterruptedException {
    List<RunnableModel> open = new ArrayList<>();
    try {
      long process = freshProcess(open);
      open.getLast().close();
      // That process is the first to be used again.
      RunnableModel second = opened(open);
      signal(process, "KILL");
      assertThat(second.run(ROW)).isNotEmpty();
      assertThat(children()).doesNotContain(process);
    } finally {
      open.forEach(RunnableModel::close);
    }
  }

  /** Opens models until one needs a new process; the last is that one. */
  private long freshProcess(List<RunnableModel> open) {
    for (int attempt = 0; attempt < 10; attempt++) {
      Set<Long> before = children();
      var _ = opened(open);
      Set<Long> fresh = children();
      fresh.removeAll(before);
      if (!fresh.isEmpty()) {
        return fresh.iterator().next();
      }
    }
    throw new AssertionError("ten models and no new process");
  }

  private RunnableModel opened(List<RunnableModel> open) {
    RunnableModel model = RunnableModel.open(file, SessionSettings.DEFAULT);
    open.add(model);
    return model;
  }

  private static void signal(long process, String name) throws IOException, InterruptedException {
    assertThat(new ProcessBuilder("kill", "-" + name, Long.toString(process)).start().waitFor())
        .isZero();
    ProcessHandle.of(process).ifPresent(handle -> handle.onExit().join());
  }

  private static Set<Long> children() {
    return ProcessHandle.current().children().map(ProcessHandle::pid).collect(Collectors.toSet());
  }
}
