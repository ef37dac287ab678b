package io.onnxfleet.engine.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.tensor.BufferPool;
import io.onnxfleet.engine.tensor.DataType;
import io.onnxfleet.engine.tensor.NamedTensor;
import io.onnxfleet.engine.tensor.Shape;
import io.onnxfleet.engine.tensor.Tensor;
import io.onnxfleet.engine.tensor.TensorSpec;
import io.onnxfleet.testing.model.OnnxGraph;
import io.onnxfleet.testing.model.TinyModel;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OnnxRuntimeTest {
  private final OnnxRuntime runtime = new OnnxRuntime(BufferPool.ofDefaults());

  @TempDir Path folder;

  @Test
  void version_isTheLibrarys() {
    assertThat(runtime.version()).matches("1\\.\\d+\\.\\d+");
  }

  @Test
  void open_tellsNamesOfDimensionsAndMetadata() {
    OnnxGraph model = TinyModel.affine().metadata("author", "nobody").metadata("note", "");
    try (ModelSession session = open(model)) {
      assertThat(session.signature().inputs())
          .containsExactly(
              new TensorSpec("x", DataType.FP32, Shape.of(-1, 3), false, List.of("rows", "")));
      assertThat(session.signature().metadata())
          .containsExactlyInAnyOrderEntriesOf(Map.of("author", "nobody", "note", ""));
    }
  }

  @Test
  void open_tellsUnknownRankFromAScalar() {
    OnnxGraph model =
        TinyModel.graph()
            .unrankedInput("x", DataType.FP32)
            .input("s", DataType.FP32)
            .node("Add", "x s", "y")
            .output("y", DataType.FP32, "n");
    try (ModelSession session = open(model)) {
      TensorSpec unranked = session.signature().inputs().get(0);
      TensorSpec scalar = session.signature().inputs().get(1);
      assertThat(unranked.form()).isEqualTo(TensorSpec.Form.UNRANKED);
      assertThat(unranked.accepts(Shape.of(2, 2))).isTrue();
      assertThat(unranked.mayBatch()).isFalse();
      assertThat(scalar.form()).isEqualTo(TensorSpec.Form.TENSOR);
      assertThat(scalar.accepts(Shape.of(2, 2))).isFalse();
    }
  }

  @Test
  void open_namesTheOutput_whenItsTypeIsNotServed() {
    OnnxGraph model =
        TinyModel.graph().input("x", DataType.FP32).cast("x", "y", 17).outputOfElementType("y", 17);
    assertRefused(model, "output 'y' is FLOAT8E4M3FN (expected one of [BOOL, UINT8");
  }

  @Test
  void open_isRefused_whenTheFileIsNoModel() throws Exception {
    Path text = Files.writeString(folder.resolve("model.onnx"), "not a model at all");
    assertThatExceptionOfType(InferenceException.class)
        .isThrownBy(() -> runtime.open(text, SessionOptions.cpu(1)))
        .withMessage("Protobuf parsing failed.")
        .satisfies(failure -> assertThat(failure.code()).isEqualTo(ErrorCode.MODEL_LOAD_FAILED));
    assertThatExceptionOfType(InferenceException.class)
        .isThrownBy(() -> runtime.open(folder.resolve("none.onnx"), SessionOptions.cpu(1)))
        .withMessage("none.onnx: no such file");
  }

  @Test
  void open_saysWhatIsWrong_withoutPlacesInTheRuntimesSources() {
    OnnxGraph model =
        TinyModel.graph()
            .input("x", DataType.FP32)
            .node("NoSuchOperator", "x", "y")
            .output("y", DataType.FP32);
    assertThatExceptionOfType(InferenceException.class)
        .isThrownBy(() -> open(model))
        .withMessageContaining("NoSuchOperator")
        .satisfies(
            failure ->
                assertThat(failure.getMessage())
                    .doesNotContain(".cc:", "Stacktrace", folder.toString()));
  }

  @Test
  void open_isRefused_whenThereAreNoOutputs() {
    assertRefused(
        TinyModel.graph().input("x", DataType.FP32).node("Identity", "x", "unused"), "no outputs");
  }

  @Test
  void open_saysWhyAProviderWasPassedOver() {
    assumeNoGpu();
    Path model = TinyModel.affine().writeTo(folder);
    SessionOptions options =
        options(
            null,
            ExecutionProvider.TENSORRT,
            ExecutionProvider.CUDA,
            ExecutionProvider.OPENVINO,
            ExecutionProvider.CPU);
    try (ModelSession session = runtime.open(model, options)) {
      assertThat(session.executionProvider()).isEqualTo(ExecutionProvider.CPU);
      assertThat(session.providerNotes())
          .hasSize(3)
          .satisfiesExactly(
              note -> assertThat(note).startsWith("tensorrt: "),
              note -> assertThat(note).startsWith("cuda: "),
              note -> assertThat(note).startsWith("openvino: no plugin library is named"));
    }
  }

  @Test
  void open_isRefused_whenTheRequiredProviderCannotBeUsed() {
    assumeNoGpu();
    Path model = TinyModel.affine().writeTo(folder);
    assertThatExceptionOfType(InferenceException.class)
        .isThrownBy(
            () ->
                runtime.open(
                    model,
                    options(ExecutionProvider.CUDA, ExecutionProvider.CUDA, ExecutionProvider.CPU)))
        .withMessageStartingWith("no execution provider of [cuda] can be used: cuda: ")
        .satisfies(failure -> assertThat(failure.code()).isEqualTo(ErrorCode.MODEL_LOAD_FAILED));
    assertThatExceptionOfType(InferenceException.class)
        .isThrownBy(() -> runtime.open(model, options(null, ExecutionProvider.CUDA)))
        .withMessageContaining("cuda: ");
  }

  @Test
  void open_saysWhatTheOpenVinoPluginLacks() throws Exception {
    Path model = TinyModel.affine().writeTo(folder);
    Path library = folder.resolve("libplugin.so");
    assertThat(noteOn(model, library)).contains("no such library");
    Files.writeString(library, "no library");
    assertThat(noteOn(model, library)).contains("cannot be loaded");
  }

  private String noteOn(Path model, Path library) {
    SessionOptions options =
        new SessionOptions(
            List.of(ExecutionProvider.OPENVINO, ExecutionProvider.CPU),
            null,
            Map.of(
                ExecutionProvider.OPENVINO,
                Map.of(ProviderSetup.LIBRARY_OPTION, library.toString())),
            1,
            0,
            Map.of());
    try (ModelSession session = runtime.open(model, options)) {
      return session.providerNotes().getFirst();
    }
  }

  @Test
  void open_passesSessionConfigurationOn() {
    Path model = TinyModel.affine().writeTo(folder);
    SessionOptions options =
        new SessionOptions(
            List.of(ExecutionProvider.CPU),
            null,
            Map.of(),
            2,
            0,
            Map.of("session.load_model_format", "ORT"));
    assertThatExceptionOfType(InferenceException.class)
        .isThrownBy(() -> runtime.open(model, options))
        .withMessageContaining("ORT model");
  }

  @Test
  void nvidia_namesEveryLibraryThatIsMissing() {
    NvidiaLibraries libraries =
        new NvidiaLibraries(List.of("libnone.so.1", "libnone.so.2"), List.of(), "libnone.so.3");
    assertThat(libraries.cudaObstacle())
        .hasValue(
            "libnone.so.1, libnone.so.2 cannot be loaded, which CUDA 12 and cuDNN 9 bring"
                + " (libnone.so.1: cannot open shared object file)");
    assertThat(libraries.tensorRtObstacle()).isEmpty();
    assertThat(libraries.deviceObstacle(0))
        .hasValue("libnone.so.3, NVIDIA's driver, cannot be loaded");
  }

  @Test
  void open_countsTheNodesOfEachProvider_whenItIsToRecordThem() {
    Path model = TinyModel.affine().writeTo(folder);
    SessionOptions recording = SessionOptions.cpu(1).with(Map.of(NodePlacementReader.RECORD, "1"));
    try (ModelSession session = runtime.open(model, recording)) {
      NodePlacement nodes = session.nodePlacement();
      assertThat(nodes.nodes()).containsExactlyEntriesOf(Map.of("CPUExecutionProvider", 3));
      assertThat(nodes.onCpu())
          .containsExactlyInAnyOrderEntriesOf(Map.of("Add", 1, "Mul", 1, "Neg", 1));
      assertThat(nodes.describe()).isEqualTo("3 of 3 nodes on the CPU: 1 Add, 1 Mul, 1 Neg");
    }
    try (ModelSession session = runtime.open(model, SessionOptions.cpu(1))) {
      assertThat(session.nodePlacement().describe()).isEmpty();
    }
  }

  @Test
  void run_saysThatMemoryIsExhausted_andTheNextOneWorks() {
    OnnxGraph model =
        TinyModel.graph()
            .input("shape", DataType.INT64, "1")
            .node("ConstantOfShape", "shape", "y")
            .output("y", DataType.FP32, "n");
    try (ModelSession session = open(model)) {
      assertThatExceptionOfType(InferenceException.class)
          .isThrownBy(() -> filled(session, 1L << 44))
          .satisfies(failure -> assertThat(failure.code()).isEqualTo(ErrorCode.MEMORY_EXHAUSTED));
      assertThat(filled(session, 3)).isEqualTo(Shape.of(3));
    }
  }

  private static Shape filled(ModelSession session, long elements) {
    try (Tensor shape = Tensor.allocate(BufferPool.ofDefaults(), DataType.INT64, Shape.of(1))) {
      shape.data().putLong(elements);
      try (Tensor result =
          session.run(List.of(new NamedTensor("shape", shape)), List.of("y")).getFirst()) {
        return result.shape();
      }
    }
  }

  @Test
  void call_isRefused_whenTheFunctionHasAnotherSignature() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> OrtEnvironment.get().api().call(OrtFunction.RUN, MemorySegment.NULL))
        .withMessage("RUN A (expected AAAALALA)");
  }

  private ModelSession open(OnnxGraph model) {
    return runtime.open(model.writeTo(folder), SessionOptions.cpu(1));
  }

  private void assertRefused(OnnxGraph model, String reason) {
    assertThatExceptionOfType(InferenceException.class)
        .isThrownBy(() -> open(model))
        .withMessageContaining(reason)
        .satisfies(failure -> assertThat(failure.code()).isEqualTo(ErrorCode.MODEL_LOAD_FAILED));
  }

  private static SessionOptions options(
      @Nullable ExecutionProvider required, ExecutionProvider... providers) {
    return new SessionOptions(List.of(providers), required, Map.of(), 1, 0, Map.of());
  }

  private static void assumeNoGpu() {
    Assumptions.assumeTrue(
        NvidiaLibraries.current().deviceObstacle(0).isPresent(), "this machine has a GPU");
  }
}
