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
import java.util.Optional;

/** Asks NVIDIA's driver, if there is one, for its devices. */
final class NvidiaDriver {
  private static final String LIBRARY = "libcuda.so.1";

  private NvidiaDriver() {}

  /** Why that device cannot be used, or empty if it is there. */
  static Optional<String> obstacle(int deviceId) {
    Optional<SymbolLookup> driver = lookup(LIBRARY);
    if (driver.isEmpty()) {
      return Optional.of(LIBRARY + ", NVIDIA's driver, cannot be loaded");
    }
    try (Arena arena = Arena.ofConfined()) {
      int status = (int) intOf(driver.get(), "cuInit", JAVA_INT).invokeExact(0);
      if (status != 0) {
        return Optional.of("NVIDIA's driver answers %d to cuInit (expected 0)".formatted(status));
      }
      MemorySegment count = arena.allocate(JAVA_INT);
      status = (int) intOf(driver.get(), "cuDeviceGetCount", ADDRESS).invokeExact(count);
      int devices = status == 0 ? count.get(JAVA_INT, 0) : 0;
      return deviceId < devices
          ? Optional.empty()
          : Optional.of("device-id: %d (expected: < %d)".formatted(deviceId, devices));
    } catch (Throwable failure) {
      return Optional.of("NVIDIA's driver cannot be asked: " + failure);
    }
  }

  /** A library that stays loaded, or empty if it, or one that it needs, is missing. */
  @SuppressWarnings("restricted") // loads native code, to learn whether it can be
  static Optional<SymbolLookup> lookup(String library) {
    try {
      return Optional.of(SymbolLookup.libraryLookup(library, Arena.global()));
    } catch (IllegalArgumentException missing) {
      return Optional.empty();
    }
  }

  @SuppressWarnings("restricted") // calls the driver, which is what this class is for
  private static MethodHandle intOf(SymbolLookup driver, String function, ValueLayout parameter) {
    return Linker.nativeLinker()
        .downcallHandle(driver.findOrThrow(function), FunctionDescriptor.of(JAVA_INT, parameter));
  }
}
