package io.onnxfleet.engine.runtime;

import static java.lang.foreign.ValueLayout.ADDRESS;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Locale;

/**
 * The native objects of one session, given back together by {@link #close()}. Not thread-safe but
 * for {@link #runOptions()}.
 */
final class NativeSession implements AutoCloseable {
  private static final String SHRINK_ARENA = "memory.enable_memory_arena_shrinkage";

  private final OrtApi api;
  private final NativeOptions options;
  private MemorySegment session = MemorySegment.NULL;
  private MemorySegment runOptions = MemorySegment.NULL;

  /**
   * Loads the model and takes the options over, also if that fails.
   *
   * @throws OrtFailure if the runtime cannot load it
   */
  NativeSession(
      OrtEnvironment environment, Path modelFile, NativeOptions options, boolean shrinkArena) {
    this.api = environment.api();
    this.options = options;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(ADDRESS);
      MemorySegment path = arena.allocateFrom(modelFile.toString(), pathCharset());
      api.call(OrtFunction.CREATE_SESSION, environment.address(), path, options.address(), out);
      session = out.get(ADDRESS, 0);
      api.call(OrtFunction.CREATE_RUN_OPTIONS, out);
      runOptions = out.get(ADDRESS, 0);
      if (shrinkArena) {
        api.call(
            OrtFunction.ADD_RUN_CONFIG_ENTRY,
            runOptions,
            arena.allocateFrom(SHRINK_ARENA),
            arena.allocateFrom("cpu:0"));
      }
    } catch (Throwable failure) {
      close();
      throw failure;
    }
  }

  MemorySegment address() {
    return session;
  }

  MemorySegment runOptions() {
    return runOptions;
  }

  @Override
  public void close() {
    api.release(OrtFunction.RELEASE_SESSION, session);
    api.release(OrtFunction.RELEASE_RUN_OPTIONS, runOptions);
    session = MemorySegment.NULL;
    runOptions = MemorySegment.NULL;
    options.close();
  }

  /** The C API takes paths as the platform's wide or narrow strings. */
  static Charset pathCharset() {
    boolean windows =
        System.getProperty("os.name", "").toLowerCase(Locale.ROOT).startsWith("windows");
    return windows ? StandardCharsets.UTF_16LE : StandardCharsets.UTF_8;
  }
}
