package io.onnxfleet.engine.runtime;

import static java.lang.foreign.ValueLayout.ADDRESS;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** ONNX Runtime's session options, filled from ours; not thread-safe. */
final class NativeOptions implements AutoCloseable {
  private static final int SEQUENTIAL = 0;
  private static final int PARALLEL = 1;

  /** Whether the threads of a run spin for work before they sleep. */
  static final String SPINNING = "session.intra_op.allow_spinning";

  /**
   * Threads that spin for work cost more than they give as soon as anything else needs the core.
   * And on x86-64 processors without VNNI the kernels for signed 8-bit weights let sums overflow
   * into wrong answers unless they are told to be precise.
   */
  private static final Map<String, String> DEFAULT_CONFIGURATION =
      Map.of(
          SPINNING, "0", "session.inter_op.allow_spinning", "0", "session.x64quantprecision", "1");

  private static final String ENVIRONMENT_ALLOCATOR = "session.use_env_allocators";
  private static final long NONE = -1;

  private final OrtApi api;
  private final Arena arena = Arena.ofShared();
  private long mostArenaBytes = NONE;
  private MemorySegment address = MemorySegment.NULL;

  NativeOptions(OrtApi api, SessionOptions options) {
    this.api = api;
    GraphSettings graph = options.graph();
    try {
      MemorySegment out = arena.allocate(ADDRESS);
      api.call(OrtFunction.CREATE_SESSION_OPTIONS, out);
      address = out.get(ADDRESS, 0);
      set(OrtFunction.SET_SESSION_LOG_SEVERITY_LEVEL, OrtEnvironment.LOG_SEVERITY_FATAL);
      set(OrtFunction.SET_SESSION_GRAPH_OPTIMIZATION_LEVEL, graph.optimization().level());
      set(OrtFunction.SET_SESSION_EXECUTION_MODE, graph.parallel() ? PARALLEL : SEQUENTIAL);
      set(OrtFunction.SET_INTRA_OP_NUM_THREADS, options.intraOpThreads());
      set(OrtFunction.SET_INTER_OP_NUM_THREADS, graph.interOpThreads());
      api.call(
          graph.memoryArena()
              ? OrtFunction.ENABLE_CPU_MEM_ARENA
              : OrtFunction.DISABLE_CPU_MEM_ARENA,
          address);
      api.call(
          graph.memoryPattern() ? OrtFunction.ENABLE_MEM_PATTERN : OrtFunction.DISABLE_MEM_PATTERN,
          address);
      Map<String, String> configuration = new LinkedHashMap<>(DEFAULT_CONFIGURATION);
      configuration.putAll(options.sessionConfiguration());
      configuration.forEach(
          (key, value) ->
              api.call(
                  OrtFunction.ADD_SESSION_CONFIG_ENTRY,
                  address,
                  arena.allocateFrom(key),
                  arena.allocateFrom(value)));
    } catch (Throwable failure) {
      close();
      throw failure;
    }
  }

  /** Lets the session write its graph to a file, as it is once optimised. */
  void writeOptimizedGraphTo(Path file) {
    api.call(
        OrtFunction.SET_OPTIMIZED_MODEL_FILE_PATH,
        address,
        arena.allocateFrom(file.toString(), NativeSession.pathCharset()));
  }

  /**
   * Gives the session an arena of its own.
   *
   * @param mostBytes its limit, weights included; 0 for none
   */
  void ownArena(long mostBytes) {
    mostArenaBytes = mostBytes;
    api.call(
        OrtFunction.ADD_SESSION_CONFIG_ENTRY,
        address,
        arena.allocateFrom(ENVIRONMENT_ALLOCATOR),
        arena.allocateFrom("1"));
  }

  boolean hasOwnArena() {
    return mostArenaBytes != NONE;
  }

  /** Its limit; 0 for none. */
  long mostArenaBytes() {
    return mostArenaBytes;
  }

  MemorySegment address() {
    return address;
  }

  /** Memory that lives as long as these options. */
  Arena arena() {
    return arena;
  }

  @Override
  public void close() {
    if (!OrtApi.isNull(address)) {
      api.release(OrtFunction.RELEASE_SESSION_OPTIONS, address);
      address = MemorySegment.NULL;
      arena.close();
    }
  }

  private void set(OrtFunction function, int value) {
    api.call(function, address, value);
  }
}
