package io.onnxfleet.engine.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.tensor.BufferPool;
import io.onnxfleet.testing.model.OnnxGraph;
import io.onnxfleet.testing.model.TinyModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelStructureTest {
  @TempDir Path folder;

  @Test
  void check_letsPass_whatTheRuntimeCanOpen() {
    OnnxGraph model =
        TinyModel.graph().function("outer", "inner", 3).function("inner", "Neg", 2).call("outer");
    Path file = model.writeTo(folder);
    ModelStructure.check(file);
    try (ModelSession session =
        new OnnxRuntime(BufferPool.ofDefaults()).open(file, SessionOptions.cpu(1))) {
      assertThat(session.signature().outputs()).hasSize(1);
    }
    ModelStructure.check(TinyModel.nested(ModelStructure.MAX_NESTING).writeTo(folder));
  }

  @Test
  void check_refuses_aFunctionThatCallsItself() {
    assertRefused(
        TinyModel.graph().function("f", "f", 1).call("f"), "the function test.f calls itself");
    assertRefused(
        TinyModel.graph().function("f", "g", 1).function("g", "f", 1).call("f"), "calls itself");
    assertRefused(
        TinyModel.graph().function("unused", "unused", 1).function("f", "Neg", 1).call("f"),
        "test.unused calls itself");
  }

  @Test
  void check_refuses_functionsThatExpandToMillionsOfNodes() {
    OnnxGraph model = TinyModel.graph().function("f0", "Neg", 2);
    for (int level = 1; level <= 60; level++) {
      model.function("f" + level, "f" + (level - 1), 2);
    }
    assertRefused(model.call("f60"), "functions expand to more than 1000000 nodes");
  }

  @Test
  void check_refuses_aLongChainOfFunctions() {
    OnnxGraph model = TinyModel.graph();
    for (int level = 1; level <= 5000; level++) {
      model.function("f" + level, "f" + (level + 1), 1);
    }
    assertRefused(model.function("f5001", "Neg", 1).call("f1"), "more than 100 deep");
  }

  @Test
  void check_refuses_graphsNestedDeeply() {
    OnnxGraph model = TinyModel.nested(ModelStructure.MAX_NESTING + 1);
    assertRefused(model, "nested more than 16 deep");
  }

  @Test
  void check_letsPass_whatIsNoModel() throws IOException {
    Random random = new Random(42);
    for (int round = 0; round < 2000; round++) {
      byte[] noise = new byte[random.nextInt(200)];
      random.nextBytes(noise);
      Path file = Files.write(folder.resolve("noise"), noise);
      assertThatCode(() -> ModelStructure.check(file)).doesNotThrowAnyException();
    }
    byte[] model = Files.readAllBytes(TinyModel.loop().writeTo(folder));
    for (int length = 0; length < model.length; length++) {
      Path file = Files.write(folder.resolve("cut"), Arrays.copyOf(model, length));
      assertThatCode(() -> ModelStructure.check(file)).doesNotThrowAnyException();
    }
  }

  private void assertRefused(OnnxGraph model, String reason) {
    assertThatExceptionOfType(InferenceException.class)
        .isThrownBy(() -> ModelStructure.check(model.writeTo(folder)))
        .withMessageContaining(reason)
        .satisfies(failure -> assertThat(failure.code()).isEqualTo(ErrorCode.MODEL_LOAD_FAILED));
  }
}
