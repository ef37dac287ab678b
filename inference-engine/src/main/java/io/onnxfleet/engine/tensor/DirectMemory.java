package io.onnxfleet.engine.tensor;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The JVM's direct memory. Pieces from {@value #LARGE} bytes on are freed when they are given back:
 * the collector, which frees the others, may not run for hours where nothing is asked.
 */
final class DirectMemory implements HostMemory {
  static final int LARGE = 1 << 20;
  private static final int ALIGNMENT = 64;

  /** Of the large pieces that are there, by address. */
  private final Map<Long, Arena> arenas = new ConcurrentHashMap<>();

  @Override
  public ByteBuffer allocate(int capacity) {
    if (capacity < LARGE) {
      return ByteBuffer.allocateDirect(capacity);
    }
    Arena arena = Arena.ofShared();
    try {
      MemorySegment memory = arena.allocate(capacity, ALIGNMENT);
      arenas.put(memory.address(), arena);
      return memory.asByteBuffer();
    } catch (Throwable failure) {
      arena.close();
      throw failure;
    }
  }

  @Override
  public void free(ByteBuffer memory) {
    if (memory.capacity() >= LARGE) {
      Arena arena = arenas.remove(MemorySegment.ofBuffer(memory.duplicate().clear()).address());
      if (arena != null) {
        arena.close();
      }
    }
  }
}
