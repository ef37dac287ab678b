package io.onnxfleet.engine.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.tensor.BufferPool;
import io.onnxfleet.engine.tensor.BytesElements;
import io.onnxfleet.engine.tensor.DataType;
import io.onnxfleet.engine.tensor.NamedTensor;
import io.onnxfleet.engine.tensor.Shape;
import io.onnxfleet.engine.tensor.Tensor;
import io.onnxfleet.engine.tensor.TensorRows;
import io.onnxfleet.testing.model.OnnxGraph;
import io.onnxfleet.testing.model.TinyModel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class OnnxModelSessionTest extends ModelSessionContract {
  @TempDir Path folder;

  @Override
  ModelSession open() {
    return open(TinyModel.affine());
  }

  @Override
  ModelSession openEndless() {
    return open(TinyModel.loop());
  }

  @Override
  List<NamedTensor> endlessInputs() {
    return loopInputs(Long.MAX_VALUE);
  }

  @Test
  void run_isWhole_afterATerminatedOne() {
    try (ModelSession session = openEndless()) {
      List<NamedTensor> endless = endlessInputs();
      Thread watchdog =
          Thread.ofPlatform()
              .start(
                  () -> {
                    while (!Thread.currentThread().isInterrupted()) {
                      session.terminate();
                    }
                  });
      assertThatExceptionOfType(InferenceException.class)
          .isThrownBy(() -> session.run(endless, List.of("y")))
          .withMessage("the run was terminated");
      watchdog.interrupt();
      join(watchdog);
      List<NamedTensor> finite = loopInputs(3);
      List<Tensor> outputs = session.run(finite, List.of("y"));
      assertThat(outputs.getFirst().data().getFloat()).isEqualTo(4);
      closeAll(outputs);
      closeInputs(endless);
      closeInputs(finite);
    }
  }

  @ParameterizedTest
  @EnumSource(value = DataType.class, mode = EnumSource.Mode.EXCLUDE, names = "BYTES")
  void run_keepsEveryBit_ofFixedSizeTypes(DataType type) {
    try (ModelSession session = open(TinyModel.identity(type, "n"));
        Tensor x = Tensor.allocate(pool, type, Shape.of(5))) {
      for (int index = 0; index < x.byteSize(); index++) {
        // All bits of a byte, but for BOOL, which knows two values.
        x.data().put(index, (byte) (type == DataType.BOOL ? index & 1 : 255 - 37 * index));
      }
      // The first run's output is copied, the second one is written where it is read.
      for (int run = 0; run < 2; run++) {
        List<Tensor> outputs = session.run(List.of(new NamedTensor("x", x)), List.of("y"));
        assertThat(outputs.getFirst().dataType()).isEqualTo(type);
        assertThat(outputs.getFirst().shape()).isEqualTo(Shape.of(5));
        assertThat(outputs.getFirst().data()).isEqualTo(x.data());
        closeAll(outputs);
      }
    }
  }

  @Test
  void run_isRight_whenAnOutputIsNotOfTheDeclaredSize() {
    OnnxGraph model =
        TinyModel.graph()
            .node("NonZero", "x", "y")
            .input("x", DataType.INT64, "n")
            .output("y", DataType.INT64, "1", "n");
    try (ModelSession session = open(model);
        Tensor all = Tensor.ofLongs(pool, Shape.of(3), 7, 8, 9);
        Tensor some = Tensor.ofLongs(pool, Shape.of(3), 7, 0, 9)) {
      assertThat(runOfLongs(session, all)).containsExactly(0, 1, 2);
      assertThat(runOfLongs(session, all)).containsExactly(0, 1, 2);
      assertThat(runOfLongs(session, some)).containsExactly(0, 2);
      assertThat(runOfLongs(session, all)).containsExactly(0, 1, 2);
    }
  }

  private static long[] runOfLongs(ModelSession session, Tensor x) {
    List<Tensor> outputs = session.run(List.of(new NamedTensor("x", x)), List.of("y"));
    long[] values = new long[(int) outputs.getFirst().shape().elementCount()];
    outputs.getFirst().data().asLongBuffer().get(values);
    closeAll(outputs);
    return values;
  }

  @Test
  void run_givesTheSame_whenOutputsAreConstantsOrInputs() {
    OnnxGraph model =
        TinyModel.graph()
            .real("c", 3)
            .node("Neg", "x", "y")
            .input("x", DataType.FP32, "n")
            .output("y", DataType.FP32, "n")
            .output("x", DataType.FP32, "n")
            .output("c", DataType.FP32);
    try (ModelSession session = open(model);
        Tensor x = Tensor.ofFloats(pool, Shape.of(2), 1, 2)) {
      for (int run = 0; run < 3; run++) {
        List<Tensor> outputs =
            session.run(List.of(new NamedTensor("x", x)), List.of("c", "x", "y"));
        assertThat(outputs.get(0).data().getFloat()).isEqualTo(3);
        assertThat(outputs.get(1).data()).isEqualTo(x.data());
        assertThat(outputs.get(2).data().getFloat(4)).isEqualTo(-2);
        closeAll(outputs);
      }
    }
  }

  @Test
  void run_keepsEveryByte_ofTexts() {
    List<byte[]> texts =
        List.of(
            "".getBytes(StandardCharsets.UTF_8),
            "a\uD83D\uDE42b".getBytes(StandardCharsets.UTF_8),
            "nul\0inside".getBytes(StandardCharsets.UTF_8),
            new byte[] {(byte) 0xff, (byte) 0xfe, 0},
            "x".repeat(100_000).getBytes(StandardCharsets.UTF_8));
    try (ModelSession session = open(TinyModel.identity(DataType.BYTES, "n", "1"));
        Tensor x = Tensor.ofBytes(pool, Shape.of(5, 1), texts);
        Tensor none = Tensor.ofBytes(pool, Shape.of(0, 1), List.of())) {
      List<Tensor> outputs = session.run(List.of(new NamedTensor("x", x)), List.of("y"));
      assertThat(outputs.getFirst().shape()).isEqualTo(Shape.of(5, 1));
      assertThat(BytesElements.read(outputs.getFirst())).containsExactlyElementsOf(texts);
      closeAll(outputs);
      outputs = session.run(List.of(new NamedTensor("x", none)), List.of("y"));
      assertThat(outputs.getFirst().shape()).isEqualTo(Shape.of(0, 1));
      closeAll(outputs);
    }
  }

  @Test
  void run_isRefused_whenTextsAreMalformed() {
    try (ModelSession session = open(TinyModel.identity(DataType.BYTES, "n"));
        Tensor x = Tensor.ofByteSize(pool, DataType.BYTES, Shape.of(2), 8)) {
      x.data().putInt(0).putInt(99);
      assertThatExceptionOfType(InferenceException.class)
          .isThrownBy(() -> session.run(List.of(new NamedTensor("x", x)), List.of("y")))
          .withMessageContaining("99 bytes long");
    }
  }

  @Test
  void run_givesConstants_whenThereAreNoInputs() {
    OnnxGraph model =
        TinyModel.graph()
            .texts("t", "a\0b".getBytes(StandardCharsets.UTF_8), new byte[0])
            .node("Identity", "t", "y")
            .output("y", DataType.BYTES, "2");
    try (ModelSession session = open(model)) {
      assertThat(session.signature().inputs()).isEmpty();
      List<Tensor> outputs = session.run(List.of(), List.of("y"));
      assertThat(BytesElements.readStrings(outputs.getFirst())).containsExactly("a\0b", "");
      closeAll(outputs);
    }
  }

  @Test
  void run_servesScalars() {
    try (ModelSession session = open(TinyModel.identity(DataType.FP64));
        Tensor x = Tensor.allocate(pool, DataType.FP64, Shape.SCALAR)) {
      x.data().putDouble(Math.PI);
      List<Tensor> outputs = session.run(List.of(new NamedTensor("x", x)), List.of("y"));
      assertThat(outputs.getFirst().shape()).isEqualTo(Shape.SCALAR);
      assertThat(outputs.getFirst().data().getDouble()).isEqualTo(Math.PI);
      closeAll(outputs);
    }
  }

  @Test
  void run_readsTensorsOfAnyPlaceInMemory() {
    try (ModelSession session = open();
        Tensor batch = Tensor.ofFloats(pool, Shape.of(3, 3), 0, 0, 0, 1, 2, 3, 4, 5, 6)) {
      List<Tensor> rows = TensorRows.part(batch, new long[] {1, 1, 1});
      assertThat(run(session, rows.get(1), "y")).containsExactly(new float[] {3, 5, 7});
      closeAll(rows);
    }
  }

  @Test
  void run_takesTheInitializersValue_unlessOneIsGiven() {
    OnnxGraph model =
        TinyModel.graph()
            .input("x", DataType.FP32, "n")
            .overridable("scale", 10)
            .node("Mul", "x scale", "y")
            .output("y", DataType.FP32, "n");
    try (ModelSession session = open(model);
        Tensor x = Tensor.ofFloats(pool, Shape.of(2), 1, 2);
        Tensor scale = Tensor.ofFloats(pool, Shape.SCALAR, 3)) {
      assertThat(session.signature().inputs()).extracting("name").containsExactly("x", "scale");
      assertThat(session.signature().inputs()).extracting("optional").containsExactly(false, true);
      assertThat(run(session, x, "y")).containsExactly(new float[] {10, 20});
      List<Tensor> outputs =
          session.run(
              List.of(new NamedTensor("x", x), new NamedTensor("scale", scale)), List.of("y"));
      assertThat(outputs.getFirst().data().getFloat(4)).isEqualTo(6);
      closeAll(outputs);
    }
  }

  @Test
  void run_isRefused_whenAnInputIsMissingOrMisshapen() {
    try (ModelSession session = open();
        Tensor wide = Tensor.ofFloats(pool, Shape.of(1, 4), 1, 2, 3, 4)) {
      assertThatExceptionOfType(InferenceException.class)
          .isThrownBy(() -> session.run(List.of(), List.of("y")))
          .withMessage("input 'x' is missing")
          .satisfies(failure -> assertThat(failure.code()).isEqualTo(ErrorCode.INVALID_INPUT));
      assertThatExceptionOfType(InferenceException.class)
          .isThrownBy(() -> run(session, wide, "y", "z"))
          .withMessageContaining("Expected: 3")
          .satisfies(failure -> assertThat(failure.code()).isEqualTo(ErrorCode.INVALID_INPUT));
    }
  }

  @Test
  void run_releasesOutputs_whenTensorMemoryIsUsedUp() {
    BufferPool small = new BufferPool(0, 512);
    try (ModelSession session =
            new OnnxRuntime(small).open(TinyModel.affine().writeTo(folder), SessionOptions.cpu(1));
        Tensor x = Tensor.allocate(small, DataType.FP32, Shape.of(20, 3))) {
      assertThatExceptionOfType(InferenceException.class)
          .isThrownBy(() -> run(session, x, "y", "z"))
          .satisfies(failure -> assertThat(failure.code()).isEqualTo(ErrorCode.MEMORY_EXHAUSTED));
      assertThat(small.usage().buffersInUse()).isEqualTo(1);
      assertThat(run(session, x, "z")).hasSize(1);
    }
    assertThat(small.usage().buffersInUse()).isZero();
  }

  @Test
  void run_stacksSequences_whenTheirTensorsAreAlike() {
    OnnxGraph model =
        TinyModel.graph()
            .input("a", DataType.FP32, "m")
            .input("b", DataType.FP32, "n")
            .node("SequenceConstruct", "a b", "y")
            .sequenceOutput("y", DataType.FP32, "k");
    try (ModelSession session = open(model);
        Tensor a = Tensor.ofFloats(pool, Shape.of(2), 1, 2);
        Tensor b = Tensor.ofFloats(pool, Shape.of(2), 3, 4);
        Tensor c = Tensor.ofFloats(pool, Shape.of(3), 5, 6, 7)) {
      List<Tensor> outputs =
          session.run(List.of(new NamedTensor("a", a), new NamedTensor("b", b)), List.of("y"));
      assertThat(outputs.getFirst().shape()).isEqualTo(Shape.of(2, 2));
      assertThat(outputs.getFirst().data().getFloat(12)).isEqualTo(4);
      closeAll(outputs);
      assertThatExceptionOfType(InferenceException.class)
          .isThrownBy(
              () ->
                  session.run(
                      List.of(new NamedTensor("a", a), new NamedTensor("b", c)), List.of("y")))
          .withMessage(
              "output 'y' is a sequence of FP32[2] and FP32[3] (expected tensors of one shape)")
          .satisfies(
              failure -> assertThat(failure.code()).isEqualTo(ErrorCode.UNSUPPORTED_FEATURE));
    }
  }

  @Test
  void run_partsATensor_whereASequenceIsExpected() {
    OnnxGraph model =
        TinyModel.graph()
            .sequenceInput("x", DataType.BYTES, "1")
            .input("at", DataType.INT64)
            .node("SequenceAt", "x at", "y")
            .output("y", DataType.BYTES, "1");
    try (ModelSession session = open(model);
        Tensor x = Tensor.ofStrings(pool, Shape.of(3, 1), List.of("a", "", "ccc"));
        Tensor none = Tensor.ofStrings(pool, Shape.of(0, 1), List.of());
        Tensor at = Tensor.ofLongs(pool, Shape.SCALAR, 2)) {
      List<Tensor> outputs =
          session.run(List.of(new NamedTensor("x", x), new NamedTensor("at", at)), List.of("y"));
      assertThat(BytesElements.readStrings(outputs.getFirst())).containsExactly("ccc");
      closeAll(outputs);
      assertThatExceptionOfType(InferenceException.class)
          .isThrownBy(
              () ->
                  session.run(
                      List.of(new NamedTensor("x", none), new NamedTensor("at", at)), List.of("y")))
          .withMessageContaining("expected at least one element");
    }
  }

  @Test
  void run_givesMapsAsJson() {
    OnnxGraph model =
        TinyModel.graph()
            .input("x", DataType.FP32, "n", "2")
            .zipMap("x", "y", "no \"way\"", "yes\uD83D\uDE42")
            .mapOutput("y");
    try (ModelSession session = open(model);
        Tensor x = Tensor.ofFloats(pool, Shape.of(2, 2), 0.1f, Float.NaN, 1e-20f, 3)) {
      List<Tensor> outputs = session.run(List.of(new NamedTensor("x", x)), List.of("y"));
      assertThat(BytesElements.readStrings(outputs.getFirst()))
          .containsExactly(
              "{\"no \\\"way\\\"\":0.1,\"yes\uD83D\uDE42\":\"NaN\"}",
              "{\"no \\\"way\\\"\":1.0E-20,\"yes\uD83D\uDE42\":3.0}");
      closeAll(outputs);
    }
  }

  private ModelSession open(OnnxGraph model) {
    return new OnnxRuntime(pool).open(model.writeTo(folder), SessionOptions.cpu(1));
  }

  private List<NamedTensor> loopInputs(long rounds) {
    Tensor going = Tensor.allocate(pool, DataType.BOOL, Shape.SCALAR);
    going.data().put((byte) 1);
    List<NamedTensor> inputs = new ArrayList<>();
    inputs.add(new NamedTensor("n", Tensor.ofLongs(pool, Shape.SCALAR, rounds)));
    inputs.add(new NamedTensor("going", going));
    inputs.add(new NamedTensor("x", Tensor.ofFloats(pool, Shape.of(1), 1)));
    return inputs;
  }

  private static void closeInputs(List<NamedTensor> inputs) {
    inputs.forEach(input -> input.tensor().close());
  }

  private static void closeAll(List<Tensor> tensors) {
    tensors.forEach(Tensor::close);
  }

  private static void join(Thread thread) {
    try {
      thread.join();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }
}
