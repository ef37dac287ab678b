package io.onnxfleet.engine.runtime;

import static java.lang.foreign.ValueLayout.ADDRESS;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * The native objects of one session, given back together by {@link #close()}. Not thread-safe but
 * for {@link #runOptions()}.
 */
final class NativeSession implements AutoCloseable {
  private final OrtApi api;
  private final NativeOptions options;
  private @Nullable SessionArena arena;
  private final ModelSource.@Nullable Copy files;
  private MemorySegment session = MemorySegment.NULL;
  private MemorySegment runOptions = MemorySegment.NULL;

  /**
   * Loads the model and takes the options over, also if that fails.
   *
   * @param files what the model is read from, which is taken over too, or null
   * @throws OrtFailure if the runtime cannot load it
   */
  NativeSession(
      OrtEnvironment environment,
      Path modelFile,
      NativeOptions options,
      boolean shrinkArena,
      ModelSource.@Nullable Copy files) {
    this.files = files;
    this.api = environment.api();
    this.options = options;
    try (Arena scratch = Arena.ofConfined()) {
      MemorySegment out = scratch.allocate(ADDRESS);
      MemorySegment path = scratch.allocateFrom(modelFile.toString(), pathCharset());
      if (options.hasOwnArena()) {
        environment.createSession(path, options.address(), out, options.mostArenaBytes());
      } else {
        api.call(OrtFunction.CREATE_SESSION, environment.address(), path, options.address(), out);
      }
      session = out.get(ADDRESS, 0);
      if (options.hasOwnArena()) {
        arena = new SessionArena(environment, session);
      }
      api.call(OrtFunction.CREATE_RUN_OPTIONS, out);
      runOptions = out.get(ADDRESS, 0);
      if (shrinkArena) {
        SessionArena.shrinkAfterRun(api, runOptions);
      }
    } catch (Throwable failure) {
      close();
      throw failure;
    }
  }

  MemorySegment address() {
    return session;
  }

  /** The arena of its own, or null if it has none. */
  @Nullable SessionArena arena() {
    return arena;
  }

  MemorySegment runOptions() {
    return runOptions;
  }

  @Override
  public void close() {
    SessionArena own = arena;
    if (own != null) {
      own.close();
      arena = null;
    }
    api.release(OrtFunction.RELEASE_SESSION, session);
    api.release(OrtFunction.RELEASE_RUN_OPTIONS, runOptions);
    session = MemorySegment.NULL;
    runOptions = MemorySegment.NULL;
    options.close();
    if (files != null) {
      files.close();
    }
  }

  /** The C API takes paths as the platform's wide or narrow strings. */
  static Charset pathCharset() {
    boolean windows =
        System.getProperty("os.name", "").toLowerCase(Locale.ROOT).startsWith("windows");
    return windows ? StandardCharsets.UTF_16LE : StandardCharsets.UTF_8;
  }
}
