package io.onnxfleet.benchmarks.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayDeque;
import java.util.NoSuchElementException;
import java.util.Random;
import org.junit.jupiter.api.Test;

class LongQueueTest {
  @Test
  void remove_keepsTheOrder_whileItGrowsAndTurns() {
    LongQueue queue = new LongQueue();
    ArrayDeque<Long> reference = new ArrayDeque<>();
    Random random = new Random(3);
    for (long i = 0; i < 5_000; i++) {
      if (random.nextInt(5) < 3 || reference.isEmpty()) {
        queue.add(i);
        reference.add(i);
      } else {
        assertThat(queue.remove()).isEqualTo(reference.remove());
      }
      assertThat(queue.size()).isEqualTo(reference.size());
    }
    while (!reference.isEmpty()) {
      assertThat(queue.remove()).isEqualTo(reference.remove());
    }
    assertThat(queue.isEmpty()).isTrue();
    assertThatThrownBy(queue::remove).isInstanceOf(NoSuchElementException.class);
  }
}
