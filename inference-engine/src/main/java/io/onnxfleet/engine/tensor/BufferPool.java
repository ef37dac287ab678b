package io.onnxfleet.engine.tensor;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayDeque;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Direct, native-order memory that is handed out, returned and handed out again.
 *
 * <ul>
 *   <li>A buffer is at least as large as asked for and is not zeroed.
 *   <li>Memory in use never exceeds {@code maxBytesInUse}: the acquisition that would is refused.
 *   <li>Memory kept for later never exceeds {@code maxPooledBytes}: what is more is freed at once.
 *   <li>What was not needed between two calls of {@link #trim} is freed by the second one.
 *   <li>Capacities are powers of two, so at most half of a buffer is unused; a buffer above {@link
 *       #LARGEST_POOLED} has the capacity asked for and is freed, not kept, when it is released.
 * </ul>
 *
 * <p>Thread-safe.
 */
public final class BufferPool {
  static final int SMALLEST = 1 << 8;
  static final int LARGEST_POOLED = 1 << 24;

  private final long maxPooledBytes;
  private final long maxBytesInUse;
  private final HostMemory memory;
  private final AtomicLong bytesInUse = new AtomicLong();
  private final AtomicLong buffersInUse = new AtomicLong();
  private final AtomicLong pooledBytes = new AtomicLong();
  private final SizeClass[] sizeClasses;

  /**
   * A pool that holds nothing yet.
   *
   * @param maxPooledBytes bound of what is kept for later
   * @param maxBytesInUse bound of what is handed out
   */
  public BufferPool(long maxPooledBytes, long maxBytesInUse) {
    this(maxPooledBytes, maxBytesInUse, HostMemory.DIRECT);
  }

  /**
   * A pool that holds nothing yet.
   *
   * @param maxPooledBytes bound of what is kept for later
   * @param maxBytesInUse bound of what is handed out
   * @param memory where what may be kept comes from
   */
  public BufferPool(long maxPooledBytes, long maxBytesInUse, HostMemory memory) {
    if (maxPooledBytes < 0 || maxBytesInUse < 1) {
      throw new IllegalArgumentException(
          "max-pooled-bytes: %d (expected: >= 0), max-bytes-in-use: %d (expected: >= 1)"
              .formatted(maxPooledBytes, maxBytesInUse));
    }
    this.maxPooledBytes = maxPooledBytes;
    this.maxBytesInUse = maxBytesInUse;
    this.memory = memory;
    sizeClasses = new SizeClass[sizeClassOf(LARGEST_POOLED) + 1];
    for (int index = 0; index < sizeClasses.length; index++) {
      sizeClasses[index] = new SizeClass();
    }
  }

  /** A pool for tests and tools: 64 MiB kept, 2 GiB in use. */
  public static BufferPool ofDefaults() {
    return new BufferPool(64L << 20, 2L << 30);
  }

  /**
   * Memory of at least that many bytes, referred to once.
   *
   * @throws InferenceException with {@link ErrorCode#MEMORY_EXHAUSTED} if the bound is reached, or
   *     {@link ErrorCode#REQUEST_TOO_LARGE} if no buffer can be that large
   */
  PooledBuffer acquire(long byteSize) {
    if (byteSize < 0 || byteSize > Integer.MAX_VALUE - 8) {
      throw new InferenceException(
          ErrorCode.REQUEST_TOO_LARGE,
          "tensor of %d bytes (expected: < 2 GiB)".formatted(byteSize));
    }
    int capacity = capacityFor((int) byteSize);
    reserve(capacity);
    try {
      return capacity > LARGEST_POOLED ? allocateUnpooled(capacity) : takeOrAllocate(capacity);
    } catch (OutOfMemoryError error) {
      unreserve(capacity);
      throw new InferenceException(
          ErrorCode.MEMORY_EXHAUSTED, "no direct memory for %d bytes".formatted(byteSize), error);
    } catch (Throwable failure) {
      unreserve(capacity);
      throw failure;
    }
  }

  /** What is out and what is kept at this moment. */
  public Usage usage() {
    return new Usage(buffersInUse.get(), bytesInUse.get(), pooledBytes.get());
  }

  /**
   * What a pool holds at a moment.
   *
   * @param buffersInUse handed out and not yet released; 0 when nothing runs, or something leaks
   * @param bytesInUse their capacities
   * @param pooledBytes capacities of the buffers kept for later
   */
  public record Usage(long buffersInUse, long bytesInUse, long pooledBytes) {}

  /** Frees what was kept, and not needed at any moment since this was called the last time. */
  public void trim() {
    for (SizeClass sizeClass : sizeClasses) {
      for (ByteBuffer unused = sizeClass.popUnneeded();
          unused != null;
          unused = sizeClass.popUnneeded()) {
        pooledBytes.addAndGet(-unused.capacity());
        memory.free(unused);
      }
      sizeClass.watch();
    }
  }

  void release(PooledBuffer buffer) {
    int capacity = buffer.capacity();
    unreserve(capacity);
    Arena arena = buffer.arena();
    if (arena != null) {
      arena.close();
      return;
    }
    if (pooledBytes.addAndGet(capacity) > maxPooledBytes) {
      pooledBytes.addAndGet(-capacity);
      memory.free(buffer.memory());
      return;
    }
    sizeClasses[sizeClassOf(capacity)].push(buffer.memory());
  }

  private PooledBuffer takeOrAllocate(int capacity) {
    ByteBuffer kept = sizeClasses[sizeClassOf(capacity)].pop();
    if (kept != null) {
      pooledBytes.addAndGet(-capacity);
      return new PooledBuffer(this, kept, null);
    }
    ByteBuffer fresh = memory.allocate(capacity).order(ByteOrder.LITTLE_ENDIAN);
    return new PooledBuffer(this, fresh, null);
  }

  private PooledBuffer allocateUnpooled(int capacity) {
    Arena arena = Arena.ofShared();
    try {
      ByteBuffer fresh = arena.allocate(capacity, 64).asByteBuffer();
      return new PooledBuffer(this, fresh.order(ByteOrder.LITTLE_ENDIAN), arena);
    } catch (Throwable failure) {
      arena.close();
      throw failure;
    }
  }

  // INVARIANT: bytesInUse <= maxBytesInUse, because it is raised before memory is taken.
  private void reserve(int capacity) {
    long now = bytesInUse.addAndGet(capacity);
    if (now > maxBytesInUse) {
      bytesInUse.addAndGet(-capacity);
      throw new InferenceException(
          ErrorCode.MEMORY_EXHAUSTED,
          String.format(
              Locale.ROOT,
              "tensor memory: %d bytes in use and %d more asked for (expected: <= %d)",
              now - capacity,
              capacity,
              maxBytesInUse));
    }
    buffersInUse.incrementAndGet();
  }

  private void unreserve(int capacity) {
    buffersInUse.decrementAndGet();
    bytesInUse.addAndGet(-capacity);
  }

  private static int capacityFor(int byteSize) {
    if (byteSize <= SMALLEST) {
      return SMALLEST;
    }
    return byteSize > LARGEST_POOLED
        ? byteSize
        : 1 << (Integer.SIZE - Integer.numberOfLeadingZeros(byteSize - 1));
  }

  private static int sizeClassOf(int capacity) {
    return Integer.numberOfTrailingZeros(capacity) - Integer.numberOfTrailingZeros(SMALLEST);
  }

  /**
   * Free buffers of one capacity; the one released last, which is warm in the caches, goes first.
   */
  private static final class SizeClass {
    @GuardedBy("this")
    private final ArrayDeque<ByteBuffer> free = new ArrayDeque<>();

    /** How many have been free all the time. */
    @GuardedBy("this")
    private int unneeded;

    /** One that has been free all the time, or null. */
    synchronized @Nullable ByteBuffer popUnneeded() {
      if (unneeded == 0) {
        return null;
      }
      unneeded--;
      return free.pollLast();
    }

    /** Begins anew to look at what is needed. */
    synchronized void watch() {
      unneeded = free.size();
    }

    synchronized void push(ByteBuffer buffer) {
      free.push(buffer);
    }

    synchronized @Nullable ByteBuffer pop() {
      ByteBuffer taken = free.poll();
      unneeded = Math.min(unneeded, free.size());
      return taken;
    }
  }
}
