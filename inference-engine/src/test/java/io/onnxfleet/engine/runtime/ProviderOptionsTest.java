package io.onnxfleet.engine.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.tensor.BufferPool;
import io.onnxfleet.testing.model.TinyModel;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProviderOptionsTest {
  @TempDir Path folder;

  @Test
  void cuda_searchesNoConvolutionsExhaustively_whenNothingIsConfigured() {
    assertThat(ProviderOptions.cuda(options(ExecutionProvider.CUDA, Map.of())))
        .containsExactlyInAnyOrderEntriesOf(
            Map.of(
                "cudnn_conv_algo_search", "HEURISTIC",
                "arena_extend_strategy", "kSameAsRequested",
                "device_id", "3"));
  }

  @Test
  void cuda_isToldWhatIsConfigured_overTheFleetsChoices() {
    Map<String, String> configured =
        Map.of(
            "cudnn_conv_algo_search", "EXHAUSTIVE",
            "arena_extend_strategy", "kNextPowerOfTwo",
            "gpu_mem_limit", "2147483648",
            "use_tf32", "0");
    assertThat(ProviderOptions.cuda(options(ExecutionProvider.CUDA, configured)))
        .containsAllEntriesOf(configured)
        .containsEntry("device_id", "3")
        .hasSize(5);
  }

  @Test
  void tensorRt_isToldOfItsCaches() {
    Map<String, String> configured =
        Map.of(
            "trt_engine_cache_enable", "1",
            "trt_engine_cache_path", "/cache/engines",
            "trt_timing_cache_enable", "1",
            "trt_timing_cache_path", "/cache/timings",
            "trt_cuda_graph_enable", "0");
    assertThat(ProviderOptions.tensorRt(options(ExecutionProvider.TENSORRT, configured)))
        .containsAllEntriesOf(configured)
        .containsEntry("device_id", "3")
        .hasSize(6);
  }

  @Test
  void graphs_areRefused_sinceTheyWouldAnswerFromOldMemory() {
    assertThatExceptionOfType(InferenceException.class)
        .isThrownBy(
            () ->
                ProviderOptions.cuda(
                    options(ExecutionProvider.CUDA, Map.of("enable_cuda_graph", "1"))))
        .withMessage(
            "enable_cuda_graph: 1 (expected: 0; a captured graph would not see a request's inputs)");
    assertThatExceptionOfType(InferenceException.class)
        .isThrownBy(
            () ->
                ProviderOptions.tensorRt(
                    options(ExecutionProvider.TENSORRT, Map.of("trt_cuda_graph_enable", "true"))))
        .withMessageStartingWith("trt_cuda_graph_enable: true (expected: 0");
  }

  @Test
  void runtime_reportsAFailure_whenItsCudaLibraryCannotBeLoaded() {
    Assumptions.assumeTrue(
        NvidiaLibraries.current().cudaObstacle().isPresent(), "CUDA's libraries are here");
    OrtEnvironment environment = OrtEnvironment.get();
    ProviderSetup setup = new ProviderSetup(environment);
    SessionOptions wanted = options(ExecutionProvider.CUDA, Map.of());
    try (NativeOptions target = new NativeOptions(environment.api(), wanted)) {
      assertThatExceptionOfType(OrtFailure.class)
          .isThrownBy(() -> setup.append(ExecutionProvider.CUDA, wanted, target));
      assertThat(setup.obstacle(ExecutionProvider.CUDA, wanted)).isPresent();
    }
    // Whatever it tried left the CPU as it was.
    try (ModelSession session =
        new OnnxRuntime(BufferPool.ofDefaults())
            .open(TinyModel.affine().writeTo(folder), SessionOptions.cpu(1))) {
      assertThat(session.executionProvider()).isEqualTo(ExecutionProvider.CPU);
    }
  }

  /** With CUDA's libraries, though no device: LD_LIBRARY_PATH names their folder. */
  @Test
  void runtime_takesOverEveryOption_whenCudasLibrariesAreThere() {
    Assumptions.assumeTrue(
        NvidiaLibraries.current().cudaObstacle().isEmpty(), "CUDA's libraries are not here");
    Map<String, String> configured = new LinkedHashMap<>();
    configured.put("cudnn_conv_algo_search", "DEFAULT");
    configured.put("arena_extend_strategy", "kNextPowerOfTwo");
    configured.put("gpu_mem_limit", "2147483648");
    configured.put("use_tf32", "0");
    assertThat(asTheRuntimeHasThem(options(ExecutionProvider.CUDA, configured)))
        .contains(
            "cudnn_conv_algo_search=DEFAULT",
            "arena_extend_strategy=kNextPowerOfTwo",
            "gpu_mem_limit=2147483648",
            "use_tf32=0");
    assertThatExceptionOfType(OrtFailure.class)
        .isThrownBy(
            () ->
                asTheRuntimeHasThem(
                    options(ExecutionProvider.CUDA, Map.of("gpu_memory_limit", "1"))))
        .withMessageContaining("gpu_memory_limit");
  }

  @Test
  void append_isRefusedByTheOptionsName_whenTheRuntimeDoesNotKnowIt() {
    Assumptions.assumeTrue(
        NvidiaLibraries.current().cudaObstacle().isEmpty(), "CUDA's libraries are not here");
    OrtEnvironment environment = OrtEnvironment.get();
    assertThat(environment.library().locate("onnxruntime_providers_shared")).isPresent();
    assertThat(environment.library().locate("onnxruntime_providers_cuda")).isPresent();
    SessionOptions misspelt = options(ExecutionProvider.CUDA, Map.of("gpu_memory_limit", "1"));
    try (NativeOptions target = new NativeOptions(environment.api(), misspelt)) {
      assertThatExceptionOfType(InferenceException.class)
          .isThrownBy(
              () -> new ProviderSetup(environment).append(ExecutionProvider.CUDA, misspelt, target))
          .withMessageStartingWith("provider options: ");
    }
  }

  private static List<String> asTheRuntimeHasThem(SessionOptions options) {
    OrtEnvironment environment = OrtEnvironment.get();
    assertThat(environment.library().locate("onnxruntime_providers_shared")).isPresent();
    assertThat(environment.library().locate("onnxruntime_providers_cuda")).isPresent();
    OrtApi api = environment.api();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(ValueLayout.ADDRESS);
      api.call(OrtFunction.CREATE_CUDA_OPTIONS, out);
      MemorySegment cuda = out.get(ValueLayout.ADDRESS, 0);
      try {
        Map<String, String> entries = new LinkedHashMap<>(ProviderOptions.cuda(options));
        entries.remove("device_id"); // which a driver would be asked for
        api.call(
            OrtFunction.UPDATE_CUDA_OPTIONS,
            cuda,
            ProviderSetup.strings(arena, List.copyOf(entries.keySet())),
            ProviderSetup.strings(arena, List.copyOf(entries.values())),
            (long) entries.size());
        api.call(OrtFunction.GET_CUDA_OPTIONS_AS_STRING, cuda, environment.allocator(), out);
        MemorySegment text = out.get(ValueLayout.ADDRESS, 0);
        try {
          return List.of(OrtApi.string(text).split(";", -1));
        } finally {
          environment.free(text);
        }
      } finally {
        api.release(OrtFunction.RELEASE_CUDA_OPTIONS, cuda);
      }
    }
  }

  private static SessionOptions options(ExecutionProvider provider, Map<String, String> entries) {
    return new SessionOptions(List.of(provider), null, Map.of(provider, entries), 1, 3, Map.of());
  }
}
