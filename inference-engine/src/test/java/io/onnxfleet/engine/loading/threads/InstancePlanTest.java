package io.onnxfleet.engine.loading.threads;

import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.engine.repository.config.reading.DeclaredConfig;
import io.onnxfleet.engine.repository.config.reading.ModelConfigParser;
import io.onnxfleet.engine.runtime.ExecutionProvider;
import io.onnxfleet.engine.runtime.ExecutionProviders;
import io.onnxfleet.engine.runtime.SessionOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class InstancePlanTest {
  private static final List<ExecutionProvider> ALL =
      List.of(ExecutionProvider.TENSORRT, ExecutionProvider.CUDA, ExecutionProvider.CPU);

  @TempDir Path folder;

  @Test
  void sessionsFor_triesProvidersInTheirOrder() {
    SessionOptions options = plan(ALL, null).sessionsFor(null).getFirst();
    assertThat(options.executionProviders()).isEqualTo(ALL);
    assertThat(options.required()).isNull();
  }

  @Test
  void sessionsFor_requiresWhatTheReplicaRequires() {
    assertThat(plan(ALL, ExecutionProvider.CUDA).sessionsFor(null))
        .extracting(SessionOptions::required)
        .containsExactly(ExecutionProvider.CUDA);
  }

  @Test
  void sessionsFor_neverFallsToTheCpu_whenTheGroupIsOfGpus() throws IOException {
    DeclaredConfig config = config("instance_group { kind: KIND_GPU count: 2 gpus: [0, 1] }");
    List<SessionOptions> sessions = plan(ALL, null).sessionsFor(config);
    assertThat(sessions)
        .hasSize(4)
        .allSatisfy(
            options ->
                assertThat(options.executionProviders())
                    .containsExactly(ExecutionProvider.TENSORRT, ExecutionProvider.CUDA));
    assertThat(sessions).extracting(SessionOptions::deviceId).containsExactly(0, 0, 1, 1);
    assertThat(
            plan(List.of(ExecutionProvider.CPU), null)
                .sessionsFor(config)
                .getFirst()
                .executionProviders())
        .containsExactly(ExecutionProvider.CUDA);
  }

  @Test
  void sessionsFor_prefersTheModelsAccelerators_withTheirOptions() throws IOException {
    DeclaredConfig config =
        config(
            """
            optimization { execution_accelerators { gpu_execution_accelerator {
              name: "tensorrt"
              parameters { key: "trt_engine_cache_enable" value: "1" }
              parameters { key: "trt_timing_cache_enable" value: "1" }
            } } }
            """);
    SessionOptions options =
        plan(List.of(ExecutionProvider.CUDA), null).sessionsFor(config).getFirst();
    assertThat(options.executionProviders())
        .containsExactly(ExecutionProvider.TENSORRT, ExecutionProvider.CUDA);
    assertThat(options.providerOptions())
        .containsEntry(
            ExecutionProvider.TENSORRT,
            Map.of("trt_engine_cache_enable", "1", "trt_timing_cache_enable", "1"));
  }

  @Test
  void sessionsFor_limitsTheDevicesMemory_asTheModelSaysOverTheReplica() throws IOException {
    InstancePlan plan =
        new InstancePlan(
            2,
            new ExecutionProviders(
                ALL,
                null,
                Map.of(
                    ExecutionProvider.CUDA,
                    Map.of("gpu_mem_limit", "8000000000", "use_tf32", "0"))),
            null);
    DeclaredConfig config =
        config("parameters { key: 'gpu_mem_limit' value { string_value: '1000000000' } }");
    assertThat(plan.sessionsFor(config).getFirst().providerOptions())
        .containsEntry(
            ExecutionProvider.CUDA, Map.of("gpu_mem_limit", "1000000000", "use_tf32", "0"));
    assertThat(plan.sessionsFor(null).getFirst().providerOptions())
        .containsEntry(
            ExecutionProvider.CUDA, Map.of("gpu_mem_limit", "8000000000", "use_tf32", "0"));
  }

  private static InstancePlan plan(
      List<ExecutionProvider> providers, @Nullable ExecutionProvider required) {
    return new InstancePlan(2, new ExecutionProviders(providers, required, Map.of()), null);
  }

  private DeclaredConfig config(String text) throws IOException {
    return ModelConfigParser.read(Files.writeString(folder.resolve("config.pbtxt"), text));
  }
}
