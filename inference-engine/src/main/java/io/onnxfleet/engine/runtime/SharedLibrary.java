package io.onnxfleet.engine.runtime;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.util.Optional;

/**
 * Shared libraries by name, which stay loaded, and why one cannot be loaded in the system's own
 * words. Thread-safe.
 */
final class SharedLibrary {
  private static final int BIND_NOW = 2;

  private SharedLibrary() {}

  /** The library's functions, or empty if it, or one that it needs, is missing. */
  @SuppressWarnings("restricted") // loads native code, to learn whether it can be
  static Optional<SymbolLookup> lookup(String library) {
    try {
      return Optional.of(SymbolLookup.libraryLookup(library, Arena.global()));
    } catch (IllegalArgumentException missing) {
      return Optional.empty();
    }
  }

  /**
   * Why the library cannot be loaded, such as {@code libz.so.1: cannot open shared object file};
   * empty if it is loaded.
   */
  static Optional<String> obstacle(String library) {
    return lookup(library).isPresent()
        ? Optional.empty()
        : Optional.of(reason(library).orElse("cannot be loaded"));
  }

  /** What the dynamic loader says, where there is one that can be asked. */
  @SuppressWarnings("restricted") // calls the C library, which is the only one to know
  private static Optional<String> reason(String library) {
    Linker linker = Linker.nativeLinker();
    Optional<MemorySegment> open = linker.defaultLookup().find("dlopen");
    Optional<MemorySegment> error = linker.defaultLookup().find("dlerror");
    if (open.isEmpty() || error.isEmpty()) {
      return Optional.empty();
    }
    MethodHandle dlopen =
        linker.downcallHandle(open.get(), FunctionDescriptor.of(ADDRESS, ADDRESS, JAVA_INT));
    MethodHandle dlerror = linker.downcallHandle(error.get(), FunctionDescriptor.of(ADDRESS));
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment handle =
          (MemorySegment) dlopen.invokeExact(arena.allocateFrom(library), BIND_NOW);
      MemorySegment said = (MemorySegment) dlerror.invokeExact();
      return OrtApi.isNull(handle) && !OrtApi.isNull(said)
          ? Optional.of(OrtApi.string(said).replace(": No such file or directory", ""))
          : Optional.empty();
    } catch (Throwable unknown) {
      return Optional.empty();
    }
  }
}
