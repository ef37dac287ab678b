package io.onnxfleet.engine.runtime;

import static java.lang.foreign.ValueLayout.ADDRESS;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.LinkedHashMap;
import java.util.Map;

/** ONNX Runtime's session options, filled from ours; not thread-safe. */
final class NativeOptions implements AutoCloseable {
  private static final int ALL_OPTIMIZATIONS = 99;
  private static final int SEQUENTIAL = 0;

  /**
   * Threads that spin for work cost more than they give as soon as anything else needs the core.
   * And on x86-64 processors without VNNI the kernels for signed 8-bit weights let sums overflow
   * into wrong answers unless they are told to be precise.
   */
  private static final Map<String, String> DEFAULT_CONFIGURATION =
      Map.of(
          "session.intra_op.allow_spinning", "0",
          "session.inter_op.allow_spinning", "0",
          "session.x64quantprecision", "1");

  private final OrtApi api;
  private final Arena arena = Arena.ofShared();
  private MemorySegment address = MemorySegment.NULL;

  NativeOptions(OrtApi api, SessionOptions options) {
    this.api = api;
    try {
      MemorySegment out = arena.allocate(ADDRESS);
      api.call(OrtFunction.CREATE_SESSION_OPTIONS, out);
      address = out.get(ADDRESS, 0);
      set(OrtFunction.SET_SESSION_LOG_SEVERITY_LEVEL, OrtEnvironment.LOG_SEVERITY_FATAL);
      set(OrtFunction.SET_SESSION_GRAPH_OPTIMIZATION_LEVEL, ALL_OPTIMIZATIONS);
      set(OrtFunction.SET_SESSION_EXECUTION_MODE, SEQUENTIAL);
      set(OrtFunction.SET_INTRA_OP_NUM_THREADS, options.intraOpThreads());
      set(OrtFunction.SET_INTER_OP_NUM_THREADS, 1);
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
