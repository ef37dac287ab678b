package io.onnxfleet.engine.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.tensor.BufferPool;
import io.onnxfleet.engine.tensor.DataType;
import io.onnxfleet.engine.tensor.NamedTensor;
import io.onnxfleet.engine.tensor.Shape;
import io.onnxfleet.engine.tensor.Tensor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Opens the broken and hostile files of the folder that {@code fleet.shared} names: each is refused
 * with a reason, or opens and runs or refuses its inputs; says so where the folder is not there.
 */
class HostileModelsTest {
  private static final Logger log = LoggerFactory.getLogger(HostileModelsTest.class);

  /**
   * Take minutes of a processor or all memory to open or to run, which only a process of their own
   * may be spent on.
   */
  private static final Set<String> LEFT_OUT =
      Set.of(
          "bomb-alloc.onnx",
          "bomb-loop-grow.onnx",
          "bomb-loop.onnx",
          "bomb-string.onnx",
          "slow-load.onnx",
          "many-outputs.onnx");

  /** Odd, wrong or merely unusual, but models; all others are refused. */
  private static final Set<String> OPENED =
      Set.of(
          "bitflip-weights.onnx",
          "duplicate-graph-output.onnx",
          "fails-at-run.onnx",
          "input-huge-dims.onnx",
          "input-negative-dim.onnx",
          "input-rank-64.onnx",
          "input-zero-dim.onnx",
          "many-inputs.onnx",
          "metadata-hostile.onnx",
          "names-control-chars.onnx",
          "names-emoji.onnx",
          "names-invalid-utf8.onnx",
          "names-unicode-bmp.onnx",
          "names-very-long.onnx",
          "nan-inf-output.onnx",
          "optional-type-input.onnx",
          "ort-format-valid.ort",
          "wrong-declared-output-shape.onnx");

  /** Above this, an input is not made up. */
  private static final long MOST_ELEMENTS = 1 << 20;

  private final BufferPool pool = BufferPool.ofDefaults();
  private final OnnxRuntime runtime = new OnnxRuntime(pool);

  @AfterEach
  void pool_isEmpty() {
    assertThat(pool.usage().buffersInUse()).isZero();
  }

  @TestFactory
  Stream<DynamicTest> files_areRefusedOrOpened_asTheirPropertiesDemand() throws IOException {
    String shared = System.getProperty("fleet.shared", "");
    if (shared.isEmpty()) {
      log.warn("fleet.shared is not set: the hostile models were left out");
      return Stream.empty();
    }
    log.info("For a process of their own: {}", LEFT_OUT);
    Path root = Path.of(shared, "models", "hostile");
    try (Stream<Path> files = Files.walk(root)) {
      return files
          .filter(file -> file.toString().endsWith(".onnx") || file.toString().endsWith(".ort"))
          .filter(file -> !LEFT_OUT.contains(file.getFileName().toString()))
          .sorted()
          .toList()
          .stream()
          .map(
              file -> {
                String name = root.relativize(file).toString();
                return DynamicTest.dynamicTest(name, () -> check(name, file));
              });
    }
  }

  private void check(String name, Path file) {
    try (ModelSession session = runtime.open(file, SessionOptions.cpu(1))) {
      assertThat(OPENED).contains(name);
      runOnce(session);
    } catch (InferenceException refused) {
      assertThat(OPENED).doesNotContain(name);
      assertThat(refused.code()).isEqualTo(ErrorCode.MODEL_LOAD_FAILED);
      assertThat(refused).message().isNotBlank().doesNotContain("Stacktrace", ".cc:");
    }
  }

  /** Runs on zeros; either way, nothing is left open and the session lives on. */
  private void runOnce(ModelSession session) {
    List<NamedTensor> inputs = new ArrayList<>();
    try {
      session.signature().inputs().stream()
          .filter(input -> !input.optional())
          .forEach(
              input ->
                  inputs.add(
                      new NamedTensor(input.name(), zeros(input.dataType(), input.shape()))));
      List<String> outputs =
          session.signature().outputs().stream().map(output -> output.name()).toList();
      session.run(inputs, outputs).forEach(Tensor::close);
    } catch (InferenceException refused) {
      assertThat(refused.code()).isIn(ErrorCode.INVALID_INPUT, ErrorCode.EXECUTION_FAILED);
    } finally {
      inputs.forEach(input -> input.tensor().close());
    }
  }

  private Tensor zeros(DataType type, Shape declared) {
    long[] dims = declared.dims();
    for (int axis = 0; axis < dims.length; axis++) {
      dims[axis] = Math.abs(dims[axis]) > MOST_ELEMENTS ? 1 : Math.abs(dims[axis]);
    }
    Tensor zeros = Tensor.allocate(pool, type, Shape.of(dims));
    zeros.data().put(new byte[zeros.byteSize()]);
    return zeros;
  }
}
