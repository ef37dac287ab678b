package io.onnxfleet.engine.loading.threads;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.repository.config.reading.DeclaredConfig;
import io.onnxfleet.engine.repository.config.reading.ModelConfigParser;
import io.onnxfleet.engine.runtime.GraphSettings;
import io.onnxfleet.engine.runtime.GraphSettings.Optimization;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SessionParametersTest {
  @TempDir Path folder;

  @Test
  void of_isTheDefault_whenNothingIsConfigured() throws IOException {
    SessionParameters expected =
        new SessionParameters(OptionalInt.empty(), GraphSettings.DEFAULT, Map.of(), Map.of());
    assertThat(SessionParameters.of(null)).isEqualTo(expected);
    assertThat(SessionParameters.of(config("max_batch_size: 4"))).isEqualTo(expected);
  }

  @Test
  void of_takesEverySetting_whenNamedAsInTriton() throws IOException {
    DeclaredConfig config =
        config(
            """
            optimization { graph { level: 1 } }
            parameters { key: "intra_op_thread_count" value { string_value: "3" } }
            parameters { key: "inter_op_thread_count" value { string_value: "2" } }
            parameters { key: "execution_mode" value { string_value: "1" } }
            parameters { key: "enable_mem_pattern" value { string_value: "1" } }
            parameters { key: "memory.enable_memory_arena_shrinkage" value { string_value: "cpu:0" } }
            parameters { key: "session.intra_op.allow_spinning" value { string_value: "1" } }
            parameters { key: "padding" value { string_value: "none" } }
            """);
    assertThat(SessionParameters.of(config))
        .isEqualTo(
            new SessionParameters(
                OptionalInt.of(3),
                new GraphSettings(Optimization.EXTENDED, 2, true, true, true, true),
                Map.of("session.intra_op.allow_spinning", "1"),
                Map.of()));
  }

  @Test
  void of_passesOptionsOfCudaOn_whenNamedAndNumberedAsInTriton() throws IOException {
    DeclaredConfig config =
        config(
            """
            parameters { key: "cudnn_conv_algo_search" value { string_value: "0" } }
            parameters { key: "arena_extend_strategy" value { string_value: "1" } }
            parameters { key: "gpu_mem_limit" value { string_value: "4294967296" } }
            """);
    assertThat(SessionParameters.of(config).cudaOptions())
        .containsExactlyInAnyOrderEntriesOf(
            Map.of(
                "cudnn_conv_algo_search", "EXHAUSTIVE",
                "arena_extend_strategy", "kSameAsRequested",
                "gpu_mem_limit", "4294967296"));
  }

  @Test
  void of_isRefusedByName_whenAnOptionOfCudaIsUnknownToIt() throws IOException {
    DeclaredConfig config =
        config("parameters { key: 'cudnn_conv_algo_search' value { string_value: '3' } }");
    assertThatExceptionOfType(InferenceException.class)
        .isThrownBy(() -> SessionParameters.of(config))
        .withMessage("parameters cudnn_conv_algo_search: '3' (expected: 0 to 2)");
  }

  @Test
  void of_hasNeitherPatternNorShrinkage_whenThereIsNoArena() throws IOException {
    DeclaredConfig config =
        config(
            """
            optimization { graph { level: -1 } }
            parameters { key: "enable_mem_arena" value { string_value: "0" } }
            parameters { key: "enable_mem_pattern" value { string_value: "1" } }
            """);
    assertThat(SessionParameters.of(config).graph())
        .isEqualTo(new GraphSettings(Optimization.BASIC, 1, false, false, false, false));
  }

  @Test
  void of_isRefusedByName_whenAValueMakesNoSense() throws IOException {
    DeclaredConfig config =
        config("parameters { key: 'execution_mode' value { string_value: 'fast' } }");
    assertThatExceptionOfType(InferenceException.class)
        .isThrownBy(() -> SessionParameters.of(config))
        .withMessage("parameters execution_mode: 'fast' (expected: 0 to 1)");
  }

  private DeclaredConfig config(String text) throws IOException {
    return ModelConfigParser.read(Files.writeString(folder.resolve("config.pbtxt"), text));
  }
}
