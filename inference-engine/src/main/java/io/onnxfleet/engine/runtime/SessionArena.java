package io.onnxfleet.engine.runtime;

import static java.lang.foreign.ValueLayout.ADDRESS;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * The arena that belongs to one session: what its runs take is allocated there, stays there for the
 * next one, and never exceeds the arena's limit. Closed before the session. The statistics may be
 * read by any thread, also during a run.
 */
final class SessionArena implements AutoCloseable {
  /**
   * Memory is taken as it is asked for, not doubled each time, so that what is held follows what
   * was used.
   */
  static final int SAME_AS_REQUESTED = 1;

  /** The runtime's own choice. */
  static final int USUAL = -1;

  private static final String SHRINK = "memory.enable_memory_arena_shrinkage";
  private static final String CPU = "cpu:0";

  private final OrtApi api;
  private final MemorySegment session;
  private MemorySegment allocator = MemorySegment.NULL;
  private MemorySegment shrinking = MemorySegment.NULL;

  /** Weights, and what kernels made of them at the session's start. */
  private final long weights;

  SessionArena(OrtEnvironment environment, MemorySegment session) {
    this.api = environment.api();
    this.session = session;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(ADDRESS);
      api.call(OrtFunction.CREATE_ALLOCATOR, session, environment.cpuMemory(), out);
      allocator = out.get(ADDRESS, 0);
      api.call(OrtFunction.CREATE_RUN_OPTIONS, out);
      shrinking = out.get(ADDRESS, 0);
      shrinkAfterRun(api, shrinking);
      api.call(OrtFunction.SET_TERMINATE, shrinking);
    } catch (Throwable failure) {
      close();
      throw failure;
    }
    weights = statistic("InUse");
  }

  /** Lets runs with these options give back what they do not use any more. */
  static void shrinkAfterRun(OrtApi api, MemorySegment runOptions) {
    try (Arena arena = Arena.ofConfined()) {
      api.call(
          OrtFunction.ADD_RUN_CONFIG_ENTRY,
          runOptions,
          arena.allocateFrom(SHRINK),
          arena.allocateFrom(CPU));
    }
  }

  MemoryUse use() {
    return new MemoryUse(
        Math.max(0, statistic("TotalAllocated") - weights),
        Math.max(0, statistic("MaxInUse") - weights));
  }

  /**
   * Gives back what no value is in. The runtime does so at the end of a run only, so a run is begun
   * that was terminated before: no node of the graph is executed.
   *
   * @param inputs names and values that the session takes
   */
  void shrink(
      MemorySegment inputNames,
      MemorySegment inputValues,
      long inputs,
      MemorySegment outputNames,
      MemorySegment outputValues) {
    outputValues.setAtIndex(ADDRESS, 0, MemorySegment.NULL);
    try {
      api.call(
          OrtFunction.RUN,
          session,
          shrinking,
          inputNames,
          inputValues,
          inputs,
          outputNames,
          1,
          outputValues);
    } catch (OrtFailure terminated) {
      // That is how such a run ends.
    }
    api.release(OrtFunction.RELEASE_VALUE, outputValues.getAtIndex(ADDRESS, 0));
  }

  private long statistic(String name) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(ADDRESS);
      api.call(OrtFunction.ALLOCATOR_GET_STATS, allocator, out);
      MemorySegment pairs = out.get(ADDRESS, 0);
      try {
        MemorySegment value = api.valueOf(pairs, arena.allocateFrom(name));
        return OrtApi.isNull(value) ? 0 : Long.parseLong(OrtApi.string(value));
      } finally {
        api.release(OrtFunction.RELEASE_KEY_VALUE_PAIRS, pairs);
      }
    }
  }

  @Override
  public void close() {
    api.release(OrtFunction.RELEASE_ALLOCATOR, allocator);
    api.release(OrtFunction.RELEASE_RUN_OPTIONS, shrinking);
    allocator = MemorySegment.NULL;
    shrinking = MemorySegment.NULL;
  }
}
