package io.onnxfleet.engine.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Any bytes are either well-formed and readable, or refused. {@code -Dtest.seed} replays a run. */
class BytesElementsFuzzTest {
  @Test
  void requireWellFormed_refusesOrReadWorks_forAnyBytes() {
    String property = System.getProperty("test.seed", "");
    long seed = property.isEmpty() ? System.nanoTime() : Long.parseLong(property);
    System.out.println("test.seed=" + seed);
    Random random = new Random(seed);
    BufferPool pool = BufferPool.ofDefaults();
    int readable = 0;
    for (int run = 0; run < 100_000; run++) {
      byte[] bytes = new byte[random.nextInt(24)];
      for (int index = 0; index < bytes.length; index++) {
        // Mostly zeros and small lengths, so that some of it makes sense.
        bytes[index] = (byte) (random.nextInt(4) == 0 ? random.nextInt(256) - 128 : 0);
      }
      int count = random.nextInt(5);
      try {
        BytesElements.requireWellFormed(ByteBuffer.wrap(bytes), count);
      } catch (InferenceException refusal) {
        assertThat(refusal.code()).isEqualTo(ErrorCode.INVALID_INPUT);
        continue;
      }
      readable++;
      try (Tensor tensor = Tensor.ofByteSize(pool, DataType.BYTES, Shape.of(count), bytes.length)) {
        tensor.data().put(bytes);
        List<byte[]> elements = BytesElements.read(tensor);
        assertThat(elements).hasSize(count);
        assertThat(elements.stream().mapToInt(element -> 4 + element.length).sum())
            .isEqualTo(bytes.length);
      }
    }
    assertThat(readable).isPositive();
    assertThat(pool.usage().buffersInUse()).isZero();
  }

  @Test
  void requireWellFormed_saysWhatIsWrong_whenTheBytesAreNot() {
    assertThatThrownBy(() -> BytesElements.requireWellFormed(lengths(5), 1))
        .hasMessage(
            "BYTES data: element 0 is 5 bytes long (expected <= 0, the bytes that are left)");
    assertThatThrownBy(() -> BytesElements.requireWellFormed(lengths(-1), 1))
        .hasMessageContaining("element 0 is 4294967295 bytes long");
    assertThatThrownBy(() -> BytesElements.requireWellFormed(lengths(0), 2))
        .hasMessageContaining("0 bytes where the length of element 1 should be (expected 4)");
    assertThatThrownBy(() -> BytesElements.requireWellFormed(lengths(0, 0), 1))
        .hasMessageContaining("4 bytes behind the last of 1 elements (expected none)");
  }

  private static ByteBuffer lengths(int... lengths) {
    ByteBuffer data = ByteBuffer.allocate(4 * lengths.length).order(ByteOrder.LITTLE_ENDIAN);
    for (int length : lengths) {
      data.putInt(length);
    }
    return data.flip();
  }
}
