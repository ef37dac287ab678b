package io.onnxfleet.engine.runtime;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Says whether an execution provider can work in this process, and adds it to a session's options.
 *
 * <p>The runtime loads a provider's library as a whole, so what that library needs is looked for
 * first: with a library or a device missing the provider is refused by the name of what is missing.
 *
 * <p>Thread-safe.
 */
final class ProviderSetup {
  /** The option of {@link ExecutionProvider#OPENVINO} that names its plugin library. */
  static final String LIBRARY_OPTION = "library";

  private static final String OPENVINO_NAME = "OpenVINOExecutionProvider";

  private final OrtEnvironment environment;
  private final OrtApi api;
  private final NvidiaLibraries nvidia = NvidiaLibraries.current();

  @GuardedBy("this")
  private final Set<Path> registeredPlugins = new HashSet<>();

  ProviderSetup(OrtEnvironment environment) {
    this.environment = environment;
    this.api = environment.api();
  }

  /** Why the provider cannot be used here, or empty if nothing speaks against it. */
  Optional<String> obstacle(ExecutionProvider provider, SessionOptions options) {
    return switch (provider) {
      case CPU -> Optional.empty();
      case CUDA ->
          compiledIn("CUDAExecutionProvider")
              .or(nvidia::cudaObstacle)
              .or(() -> nvidia.deviceObstacle(options.deviceId()))
              .or(() -> missing("onnxruntime_providers_cuda"));
      case TENSORRT ->
          compiledIn("TensorrtExecutionProvider")
              .or(nvidia::cudaObstacle)
              .or(nvidia::tensorRtObstacle)
              .or(() -> nvidia.deviceObstacle(options.deviceId()))
              .or(() -> missing("onnxruntime_providers_tensorrt"));
      case OPENVINO -> plugin(ProviderOptions.configured(provider, options));
    };
  }

  /**
   * Adds a provider that has no {@link #obstacle}; the CPU needs no adding.
   *
   * @throws OrtFailure if the runtime refuses it
   * @throws InferenceException with {@link ErrorCode#MODEL_LOAD_FAILED} if it refuses an option:
   *     then it is the configuration that is wrong, and no other provider takes its place
   */
  void append(ExecutionProvider provider, SessionOptions options, NativeOptions target) {
    switch (provider) {
      case CPU -> {}
      case CUDA -> appendCuda(options, target);
      case TENSORRT -> {
        appendTensorRt(options, target);
        // What TensorRT does not take goes to CUDA if that is wanted too, and to the CPU if not.
        if (options.executionProviders().contains(ExecutionProvider.CUDA)
            && obstacle(ExecutionProvider.CUDA, options).isEmpty()) {
          appendCuda(options, target);
        }
      }
      case OPENVINO -> appendPlugin(options, target);
    }
  }

  private Optional<String> compiledIn(String name) {
    return environment.availableProviders().contains(name)
        ? Optional.empty()
        : Optional.of(
            "%s is not in this build of ONNX Runtime (it has %s)"
                .formatted(name, environment.availableProviders()));
  }

  /** Brings a provider's libraries beside the runtime's own, as the last thing that it needs. */
  private Optional<String> missing(String library) {
    for (String name : List.of("onnxruntime_providers_shared", library)) {
      if (environment.library().locate(name).isEmpty()) {
        return Optional.of("there is no library " + name + " beside ONNX Runtime's own");
      }
    }
    return Optional.empty();
  }

  private void appendCuda(SessionOptions options, NativeOptions target) {
    append(
        ProviderOptions.cuda(options),
        target,
        OrtFunction.CREATE_CUDA_OPTIONS,
        OrtFunction.UPDATE_CUDA_OPTIONS,
        OrtFunction.APPEND_CUDA_V2,
        OrtFunction.RELEASE_CUDA_OPTIONS);
  }

  private void appendTensorRt(SessionOptions options, NativeOptions target) {
    append(
        ProviderOptions.tensorRt(options),
        target,
        OrtFunction.CREATE_TENSORRT_OPTIONS,
        OrtFunction.UPDATE_TENSORRT_OPTIONS,
        OrtFunction.APPEND_TENSORRT_V2,
        OrtFunction.RELEASE_TENSORRT_OPTIONS);
  }

  private void append(
      Map<String, String> entries,
      NativeOptions target,
      OrtFunction create,
      OrtFunction update,
      OrtFunction append,
      OrtFunction release) {
    Arena arena = target.arena();
    MemorySegment out = arena.allocate(ADDRESS);
    api.call(create, out);
    MemorySegment providerOptions = out.get(ADDRESS, 0);
    try {
      MemorySegment keys = strings(arena, List.copyOf(entries.keySet()));
      MemorySegment values = strings(arena, List.copyOf(entries.values()));
      update(update, providerOptions, keys, values, entries.size());
      api.call(append, target.address(), providerOptions);
    } finally {
      api.release(release, providerOptions);
    }
  }

  private void update(
      OrtFunction function,
      MemorySegment options,
      MemorySegment keys,
      MemorySegment values,
      long count) {
    try {
      api.call(function, options, keys, values, count);
    } catch (OrtFailure refused) {
      if (refused.isMissingLibrary()) {
        throw refused;
      }
      throw new InferenceException(
          ErrorCode.MODEL_LOAD_FAILED, "provider options: " + refused.reason());
    }
  }

  private synchronized Optional<String> plugin(Map<String, String> options) {
    String library = options.getOrDefault(LIBRARY_OPTION, "");
    if (library.isEmpty()) {
      return Optional.of(
          "no plugin library is named (expected the provider option '%s')"
              .formatted(LIBRARY_OPTION));
    }
    Path path = Path.of(library).toAbsolutePath();
    if (!Files.isRegularFile(path)) {
      return Optional.of(library + ": no such library");
    }
    Optional<String> obstacle = SharedLibrary.obstacle(path.toString());
    if (obstacle.isPresent()) {
      return Optional.of("%s cannot be loaded: %s".formatted(library, obstacle.get()));
    }
    if (registeredPlugins.contains(path)) {
      return Optional.empty();
    }
    try (Arena arena = Arena.ofConfined()) {
      api.call(
          OrtFunction.REGISTER_EXECUTION_PROVIDER_LIBRARY,
          environment.address(),
          arena.allocateFrom(path.toString()),
          arena.allocateFrom(path.toString()));
      registeredPlugins.add(path);
      return Optional.empty();
    } catch (OrtFailure failure) {
      return Optional.of(library + ": " + failure.reason());
    }
  }

  private void appendPlugin(SessionOptions options, NativeOptions target) {
    Map<String, String> entries =
        new LinkedHashMap<>(ProviderOptions.configured(ExecutionProvider.OPENVINO, options));
    entries.remove(LIBRARY_OPTION);
    Arena arena = target.arena();
    MemorySegment device = arena.allocate(ADDRESS);
    device.set(ADDRESS, 0, device(options.deviceId(), arena));
    api.call(
        OrtFunction.APPEND_EXECUTION_PROVIDER_V2,
        target.address(),
        environment.address(),
        device,
        1L,
        strings(arena, List.copyOf(entries.keySet())),
        strings(arena, List.copyOf(entries.values())),
        (long) entries.size());
  }

  private MemorySegment device(int ordinal, Arena arena) {
    MemorySegment out = arena.allocate(ADDRESS);
    MemorySegment count = arena.allocate(JAVA_LONG);
    api.call(OrtFunction.GET_EP_DEVICES, environment.address(), out, count);
    long devices = count.get(JAVA_LONG, 0);
    MemorySegment list = OrtApi.sized(out.get(ADDRESS, 0), devices * ADDRESS.byteSize());
    int seen = 0;
    for (long index = 0; index < devices; index++) {
      MemorySegment device = list.getAtIndex(ADDRESS, index);
      if (api.providerOf(device).equals(OPENVINO_NAME) && seen++ == ordinal) {
        return device;
      }
    }
    throw new OrtFailure(
        0, "device-id: %d (expected: < %d, the devices of OpenVINO)".formatted(ordinal, seen));
  }

  static MemorySegment strings(Arena arena, List<String> texts) {
    MemorySegment array = arena.allocate(ADDRESS, Math.max(1, texts.size()));
    for (int index = 0; index < texts.size(); index++) {
      array.setAtIndex(ADDRESS, index, arena.allocateFrom(texts.get(index)));
    }
    return array;
  }
}
