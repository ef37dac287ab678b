package io.onnxfleet.engine.tensor;

import java.nio.ByteBuffer;

/**
 * Where a {@link BufferPool} gets the memory that it hands out again and again. Thread-safe, and
 * called with no lock held.
 */
public interface HostMemory {
  /** The JVM's direct memory; large pieces are freed at once, small ones by the collector. */
  HostMemory DIRECT = new DirectMemory();

  /**
   * Memory of that capacity, outside the heap.
   *
   * @throws OutOfMemoryError if there is none
   */
  ByteBuffer allocate(int capacity);

  /** Takes back what {@link #allocate} gave and nobody uses any more. */
  void free(ByteBuffer memory);
}
