package io.onnxfleet.engine.tensor;

import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Memory of a {@link BufferPool}, returned to it when the last reference is released. Thread-safe;
 * what is written into the memory is as safe as its users make it.
 */
final class PooledBuffer {
  private final BufferPool pool;
  private final ByteBuffer memory;
  private final @Nullable Arena arena;
  private final AtomicInteger references = new AtomicInteger(1);

  PooledBuffer(BufferPool pool, ByteBuffer memory, @Nullable Arena arena) {
    this.pool = pool;
    this.memory = memory;
    this.arena = arena;
  }

  int capacity() {
    return memory.capacity();
  }

  ByteBuffer memory() {
    return memory;
  }

  @Nullable Arena arena() {
    return arena;
  }

  /** One more reference to this memory, which must be released as well. */
  PooledBuffer retain() {
    int before = references.getAndUpdate(count -> count == 0 ? 0 : count + 1);
    if (before == 0) {
      throw new IllegalStateException("the buffer was released before it was retained");
    }
    return this;
  }

  void release() {
    int before = references.getAndUpdate(count -> count == 0 ? 0 : count - 1);
    if (before == 0) {
      throw new IllegalStateException("the buffer was released twice");
    }
    if (before == 1) {
      pool.release(this);
    }
  }
}
