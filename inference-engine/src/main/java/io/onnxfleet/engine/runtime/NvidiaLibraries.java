package io.onnxfleet.engine.runtime;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * What the CUDA and TensorRT providers of ONNX Runtime need of NVIDIA, and whether it is there.
 *
 * @param cuda libraries that both providers need
 * @param tensorRt libraries that the TensorRT provider links to besides
 * @param driver comes with the device's driver, not with CUDA
 */
record NvidiaLibraries(List<String> cuda, List<String> tensorRt, String driver) {
  private static final NvidiaLibraries LINUX =
      new NvidiaLibraries(
          List.of(
              "libcudart.so.12",
              "libcublasLt.so.12",
              "libcublas.so.12",
              "libcurand.so.10",
              "libcufft.so.11",
              "libcudnn.so.9",
              // Opened by cuDNN itself at the first convolution.
              "libcudnn_graph.so.9",
              "libcudnn_ops.so.9",
              "libcudnn_cnn.so.9"),
          List.of("libnvinfer.so.10", "libnvonnxparser.so.10"),
          "libcuda.so.1");
  private static final NvidiaLibraries WINDOWS =
      new NvidiaLibraries(
          List.of(
              "cudart64_12.dll",
              "cublasLt64_12.dll",
              "cublas64_12.dll",
              "cufft64_11.dll",
              "cudnn64_9.dll"),
          List.of("nvinfer_10.dll", "nvonnxparser_10.dll"),
          "nvcuda.dll");

  NvidiaLibraries {
    cuda = List.copyOf(cuda);
    tensorRt = List.copyOf(tensorRt);
  }

  /** Those of this platform. */
  static NvidiaLibraries current() {
    boolean windows =
        System.getProperty("os.name", "").toLowerCase(Locale.ROOT).startsWith("windows");
    return windows ? WINDOWS : LINUX;
  }

  /** Why CUDA's libraries cannot be used, or empty if they are all there. */
  Optional<String> cudaObstacle() {
    return missing("CUDA 12 and cuDNN 9 bring", cuda);
  }

  /** Why TensorRT's libraries cannot be used, or empty if they are all there. */
  Optional<String> tensorRtObstacle() {
    return missing("TensorRT 10 brings", tensorRt);
  }

  /** Why that device cannot be used, or empty if it is there. */
  Optional<String> deviceObstacle(int deviceId) {
    Optional<SymbolLookup> library = SharedLibrary.lookup(driver);
    if (library.isEmpty()) {
      return Optional.of(driver + ", NVIDIA's driver, cannot be loaded");
    }
    try (Arena arena = Arena.ofConfined()) {
      int status = (int) intOf(library.get(), "cuInit", JAVA_INT).invokeExact(0);
      if (status != 0) {
        return Optional.of("NVIDIA's driver answers %d to cuInit (expected 0)".formatted(status));
      }
      MemorySegment count = arena.allocate(JAVA_INT);
      status = (int) intOf(library.get(), "cuDeviceGetCount", ADDRESS).invokeExact(count);
      int devices = status == 0 ? count.get(JAVA_INT, 0) : 0;
      return deviceId < devices
          ? Optional.empty()
          : Optional.of("device-id: %d (expected: < %d)".formatted(deviceId, devices));
    } catch (Throwable failure) {
      return Optional.of("NVIDIA's driver cannot be asked: " + failure);
    }
  }

  /** Names all that are missing, and the loader's words on the first. */
  private static Optional<String> missing(String bringer, List<String> libraries) {
    List<String> missing =
        libraries.stream().filter(library -> SharedLibrary.lookup(library).isEmpty()).toList();
    return missing.isEmpty()
        ? Optional.empty()
        : Optional.of(
            "%s cannot be loaded, which %s (%s)"
                .formatted(
                    String.join(", ", missing),
                    bringer,
                    SharedLibrary.obstacle(missing.getFirst()).orElse("loaded meanwhile")));
  }

  @SuppressWarnings("restricted") // calls the driver, which is the only one to know
  private static MethodHandle intOf(SymbolLookup library, String function, ValueLayout parameter) {
    return Linker.nativeLinker()
        .downcallHandle(library.findOrThrow(function), FunctionDescriptor.of(JAVA_INT, parameter));
  }
}
