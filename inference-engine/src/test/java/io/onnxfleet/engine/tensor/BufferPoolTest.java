package io.onnxfleet.engine.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

class BufferPoolTest {
  private static final BufferPool.Usage NOTHING = new BufferPool.Usage(0, 0, 0);

  @Test
  void acquire_givesWhatWasReleased_whenTheCapacityIsEqual() {
    BufferPool pool = new BufferPool(1 << 20, 1 << 20);
    PooledBuffer first = pool.acquire(300);
    assertThat(first.capacity()).isEqualTo(512);
    first.release();
    assertThat(pool.usage()).isEqualTo(new BufferPool.Usage(0, 0, 512));

    assertThat(pool.acquire(512).memory()).isSameAs(first.memory());
    assertThat(pool.usage()).isEqualTo(new BufferPool.Usage(1, 512, 0));
  }

  @Test
  void trim_frees_whatWasNotNeededSinceTheLastTime() {
    BufferPool pool = new BufferPool(16 << 20, 16 << 20);
    PooledBuffer first = pool.acquire(2 << 20);
    PooledBuffer second = pool.acquire(2 << 20);
    PooledBuffer third = pool.acquire(300);
    ByteBuffer memory = first.memory();
    first.release();
    second.release();
    third.release();
    pool.trim();
    assertThat(pool.usage().pooledBytes()).isEqualTo((4 << 20) + 512);

    pool.acquire(2 << 20).release();
    pool.trim();
    assertThat(pool.usage()).isEqualTo(new BufferPool.Usage(0, 0, 2 << 20));
    // Large pieces are gone at once, whatever the collector does.
    assertThatThrownBy(() -> memory.get(0)).isInstanceOf(IllegalStateException.class);

    pool.trim();
    assertThat(pool.usage()).isEqualTo(NOTHING);
    PooledBuffer again = pool.acquire(2 << 20);
    again.memory().putLong(0, 1);
    again.release();
  }

  @Test
  void release_givesBackToWhereMemoryCameFrom_whenItIsNotKept() {
    List<ByteBuffer> given = new ArrayList<>();
    List<ByteBuffer> returned = new ArrayList<>();
    HostMemory memory =
        new HostMemory() {
          @Override
          public ByteBuffer allocate(int capacity) {
            given.add(ByteBuffer.allocateDirect(capacity));
            return given.getLast();
          }

          @Override
          public void free(ByteBuffer buffer) {
            returned.add(buffer);
          }
        };
    BufferPool pool = new BufferPool(512, 1 << 20, memory);
    PooledBuffer first = pool.acquire(512);
    PooledBuffer second = pool.acquire(512);
    first.release();
    assertThat(returned).isEmpty();
    second.release();
    assertThat(given).hasSize(2);
    assertThat(returned).singleElement().isSameAs(given.getLast());
  }

  @Test
  void acquire_refuses_whenTheBoundIsReached() {
    BufferPool pool = new BufferPool(0, 1024);
    PooledBuffer half = pool.acquire(512);
    PooledBuffer other = pool.acquire(400);

    InferenceException refusal = assertThrows(InferenceException.class, () -> pool.acquire(1));
    assertThat(refusal.code()).isEqualTo(ErrorCode.MEMORY_EXHAUSTED);
    assertThat(refusal)
        .hasMessage("tensor memory: 1024 bytes in use and 256 more asked for (expected: <= 1024)");
    half.release();
    pool.acquire(500).release();
    other.release();
    assertThat(pool.usage()).isEqualTo(NOTHING);
  }

  @Test
  void acquire_refuses_whenNoBufferCanBeThatLarge() {
    InferenceException refusal =
        assertThrows(
            InferenceException.class, () -> BufferPool.ofDefaults().acquire(Integer.MAX_VALUE));
    assertThat(refusal.code()).isEqualTo(ErrorCode.REQUEST_TOO_LARGE);
  }

  @Test
  void release_freesAtOnce_whenTheBufferIsLargerThanAnyThatIsKept() {
    BufferPool pool = new BufferPool(1 << 30, 1 << 30);
    PooledBuffer large = pool.acquire(BufferPool.LARGEST_POOLED + 1L);
    assertThat(large.capacity()).isEqualTo(BufferPool.LARGEST_POOLED + 1);
    large.release();

    assertThat(pool.usage()).isEqualTo(NOTHING);
    assertThatThrownBy(() -> large.memory().get(0)).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void release_refuses_whenItIsTheSecond() {
    BufferPool pool = BufferPool.ofDefaults();
    PooledBuffer buffer = pool.acquire(1);
    PooledBuffer shared = buffer.retain();
    buffer.release();
    assertThat(pool.usage().buffersInUse()).isEqualTo(1);
    shared.release();

    assertThatThrownBy(buffer::release).hasMessage("the buffer was released twice");
    assertThatThrownBy(buffer::retain).hasMessage("the buffer was released before it was retained");
    assertThat(pool.usage().buffersInUse()).isZero();
  }

  @Test
  void bounds_hold_whenThreadsAcquireAndReleaseAtOnce() throws Exception {
    int bound = 16 << 10;
    BufferPool pool = new BufferPool(4 << 10, bound);
    List<Callable<Integer>> users = new ArrayList<>();
    for (int index = 0; index < 4; index++) {
      Random random = new Random(index);
      users.add(() -> acquireAndRelease(pool, random, bound));
    }
    int refused = 0;
    try (ExecutorService threads = Executors.newFixedThreadPool(users.size())) {
      for (Future<Integer> user : threads.invokeAll(users)) {
        refused += user.get();
      }
    }

    assertThat(refused).as("acquisitions above the bound").isPositive();
    assertThat(pool.usage().buffersInUse()).isZero();
    assertThat(pool.usage().bytesInUse()).isZero();
    assertThat(pool.usage().pooledBytes()).isBetween(0L, 4L << 10);
  }

  private static int acquireAndRelease(BufferPool pool, Random random, int bound) {
    List<PooledBuffer> held = new ArrayList<>();
    int refused = 0;
    int heldBytes = 0;
    for (int count = 0; count < 20_000; count++) {
      if (held.isEmpty() || random.nextBoolean()) {
        try {
          PooledBuffer buffer = pool.acquire(random.nextInt(4_000));
          buffer.memory().putInt(0, buffer.hashCode());
          held.add(buffer);
          heldBytes += buffer.capacity();
        } catch (InferenceException _) {
          refused++;
        }
      } else {
        PooledBuffer buffer = held.remove(random.nextInt(held.size()));
        heldBytes -= buffer.capacity();
        assertThat(buffer.memory().getInt(0))
            .as("written by its holder")
            .isEqualTo(buffer.hashCode());
        buffer.release();
      }
      assertThat(heldBytes).isLessThanOrEqualTo(bound);
    }
    held.forEach(PooledBuffer::release);
    return refused;
  }
}
