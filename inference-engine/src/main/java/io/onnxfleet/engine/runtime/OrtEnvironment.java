package io.onnxfleet.engine.runtime;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * ONNX Runtime as this process holds it: the library, its environment, and what all sessions share.
 *
 * <p>Opened at the first use and never given back, because the runtime must outlive every session,
 * also one that is closed while the process ends.
 *
 * <p>Thread-safe.
 */
final class OrtEnvironment {
  /**
   * Only what makes the runtime abort. Every lesser error comes back as a status besides, and a
   * caller's mistake must not fill the log.
   */
  static final int LOG_SEVERITY_FATAL = 4;

  private static final int ARENA_ALLOCATOR = 1;
  private static final int DEFAULT_MEMORY = 0;

  @GuardedBy("OrtEnvironment.class")
  private static @Nullable OrtEnvironment opened;

  /** Held while an allocator is registered. */
  private final Object registration = new Object();

  private final NativeLibrary library;
  private final OrtApi api;
  private final MemorySegment environment;
  private final MemorySegment allocator;
  private final MemorySegment cpuMemory;
  private final List<String> availableProviders;

  private OrtEnvironment() {
    library = new NativeLibrary();
    api = new OrtApi(library.load());
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(ADDRESS);
      api.call(OrtFunction.CREATE_ENV, LOG_SEVERITY_FATAL, arena.allocateFrom("onnx-fleet"), out);
      environment = out.get(ADDRESS, 0);
      api.call(OrtFunction.GET_ALLOCATOR_WITH_DEFAULT_OPTIONS, out);
      allocator = out.get(ADDRESS, 0);
      api.call(OrtFunction.CREATE_CPU_MEMORY_INFO, ARENA_ALLOCATOR, DEFAULT_MEMORY, out);
      cpuMemory = out.get(ADDRESS, 0);
      availableProviders = availableProviders(api, arena);
    }
  }

  /**
   * The process's one environment.
   *
   * @throws IllegalStateException if ONNX Runtime is missing or too old
   */
  static synchronized OrtEnvironment get() {
    if (opened == null) {
      opened = new OrtEnvironment();
    }
    return opened;
  }

  OrtApi api() {
    return api;
  }

  NativeLibrary library() {
    return library;
  }

  MemorySegment address() {
    return environment;
  }

  MemorySegment allocator() {
    return allocator;
  }

  MemorySegment cpuMemory() {
    return cpuMemory;
  }

  /** The execution providers compiled into the library, by the runtime's names for them. */
  List<String> availableProviders() {
    return availableProviders;
  }

  /**
   * Opens a session with an arena of its own: the runtime gives sessions that ask for the
   * environment's allocator the one that is registered at that moment, which they keep.
   *
   * @param options ask for the environment's allocator
   * @param out where its address is put
   * @param mostBytes limit of the arena, weights included; 0 for none
   */
  void createSession(MemorySegment path, MemorySegment options, MemorySegment out, long mostBytes) {
    synchronized (registration) {
      api.call(
          OrtFunction.CREATE_ARENA_CFG,
          mostBytes,
          SessionArena.SAME_AS_REQUESTED,
          SessionArena.USUAL,
          SessionArena.USUAL,
          out);
      MemorySegment configuration = out.get(ADDRESS, 0);
      try {
        api.call(OrtFunction.CREATE_AND_REGISTER_ALLOCATOR, environment, cpuMemory, configuration);
      } finally {
        api.release(OrtFunction.RELEASE_ARENA_CFG, configuration);
      }
      try {
        api.call(OrtFunction.CREATE_SESSION, environment, path, options, out);
      } finally {
        api.call(OrtFunction.UNREGISTER_ALLOCATOR, environment, cpuMemory);
      }
    }
  }

  /** Gives back memory that the runtime allocated for its caller. */
  void free(MemorySegment memory) {
    if (!OrtApi.isNull(memory)) {
      api.call(OrtFunction.ALLOCATOR_FREE, allocator, memory);
    }
  }

  private static List<String> availableProviders(OrtApi api, Arena arena) {
    MemorySegment out = arena.allocate(ADDRESS);
    MemorySegment count = arena.allocate(JAVA_INT);
    api.call(OrtFunction.GET_AVAILABLE_PROVIDERS, out, count);
    int providers = count.get(JAVA_INT, 0);
    MemorySegment names = out.get(ADDRESS, 0);
    try {
      MemorySegment list = OrtApi.sized(names, providers * ADDRESS.byteSize());
      List<String> available = new ArrayList<>(providers);
      for (int provider = 0; provider < providers; provider++) {
        available.add(OrtApi.string(list.getAtIndex(ADDRESS, provider)));
      }
      return List.copyOf(available);
    } finally {
      api.call(OrtFunction.RELEASE_AVAILABLE_PROVIDERS, names, providers);
    }
  }
}
