package io.onnxfleet.engine.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What is joined comes apart again, for every type. {@code -Dtest.seed} replays a run. */
class TensorRowsPropertyTest {
  private static final Set<DataType> INTEGERS =
      EnumSet.of(
          DataType.INT8,
          DataType.INT16,
          DataType.INT32,
          DataType.INT64,
          DataType.UINT8,
          DataType.UINT16,
          DataType.UINT32,
          DataType.UINT64);

  private final BufferPool pool = BufferPool.ofDefaults();
  private final Random random = new Random(seed());

  private static long seed() {
    String property = System.getProperty("test.seed", "");
    long seed = property.isEmpty() ? System.nanoTime() : Long.parseLong(property);
    System.out.println("test.seed=" + seed);
    return seed;
  }

  @AfterEach
  void nothingLeaks() {
    assertThat(pool.usage().buffersInUse()).isZero();
  }

  @Test
  void part_undoesJoin_forAnyTypeAndRows() {
    for (DataType type : DataType.values()) {
      for (int run = 0; run < 50; run++) {
        int width = random.nextInt(4);
        List<Tensor> parts = new ArrayList<>();
        long[] counts = new long[1 + random.nextInt(4)];
        for (int index = 0; index < counts.length; index++) {
          counts[index] = random.nextInt(4);
          parts.add(randomTensor(type, Shape.of(counts[index], width)));
        }
        List<Tensor> again;
        try (Tensor joined = TensorRows.join(pool, parts)) {
          again = TensorRows.part(joined, counts);
        }
        for (int index = 0; index < counts.length; index++) {
          assertEqual(again.get(index), parts.get(index));
        }
        again.forEach(Tensor::close);
        parts.forEach(Tensor::close);
      }
    }
  }

  @Test
  void trim_undoesPadding_forAnyTypeOfFixedSizeOnEitherSide() {
    for (DataType type : DataType.values()) {
      for (int run = 0; run < 100 && type.isFixedSize(); run++) {
        PaddingSide side = random.nextBoolean() ? PaddingSide.LEFT : PaddingSide.RIGHT;
        long fill = INTEGERS.contains(type) ? random.nextInt(100) : 0;
        int inner = 1 + random.nextInt(3);
        int longest = 0;
        List<Tensor> parts = new ArrayList<>();
        long[] counts = new long[1 + random.nextInt(4)];
        for (int index = 0; index < counts.length; index++) {
          counts[index] = random.nextInt(4);
          int length = random.nextInt(9);
          longest = Math.max(longest, length);
          parts.add(randomTensor(type, Shape.of(counts[index], length, inner)));
        }
        List<Tensor> padded;
        try (Tensor joined = TensorRows.joinPadded(pool, parts, longest, side, fill)) {
          assertThat(joined.shape().dim(1)).isEqualTo(longest);
          padded = TensorRows.part(joined, counts);
        }
        for (int index = 0; index < counts.length; index++) {
          Tensor part = parts.get(index);
          long length = part.shape().dim(1);
          assertFilled(padded.get(index), length, side, fill);
          try (Tensor trimmed = TensorRows.trim(pool, padded.get(index), length, side)) {
            assertEqual(trimmed, part);
          }
        }
        padded.forEach(Tensor::close);
        parts.forEach(Tensor::close);
      }
    }
  }

  @Test
  void join_refuses_whenPartsDiffer() {
    try (Tensor one = Tensor.ofFloats(pool, Shape.of(1, 2), 1, 2);
        Tensor wider = Tensor.ofFloats(pool, Shape.of(1, 3), 1, 2, 3);
        Tensor whole = Tensor.ofInts(pool, Shape.of(1, 2), 1, 2)) {
      assertThatThrownBy(() -> TensorRows.join(pool, List.of(one, wider)))
          .hasMessage("FP32[1,3] in a batch of FP32[1,2]");
      assertThatThrownBy(() -> TensorRows.join(pool, List.of(one, whole)))
          .hasMessage("INT32[1,2] in a batch of FP32[1,2]");
    }
  }

  private Tensor randomTensor(DataType type, Shape shape) {
    if (type.isFixedSize()) {
      Tensor tensor = Tensor.allocate(pool, type, shape);
      byte[] bytes = new byte[tensor.byteSize()];
      random.nextBytes(bytes);
      tensor.data().put(bytes);
      return tensor;
    }
    List<byte[]> elements = new ArrayList<>();
    for (long index = 0; index < shape.elementCount(); index++) {
      byte[] element = new byte[random.nextInt(5)];
      random.nextBytes(element);
      elements.add(element);
    }
    return Tensor.ofBytes(pool, shape, elements);
  }

  private static void assertEqual(Tensor actual, Tensor expected) {
    assertThat(actual.dataType()).isEqualTo(expected.dataType());
    assertThat(actual.shape()).isEqualTo(expected.shape());
    assertThat(actual.data()).isEqualTo(expected.data());
  }

  private static void assertFilled(Tensor padded, long length, PaddingSide side, long fill) {
    ByteBuffer data = padded.data();
    long inner = padded.shape().dim(2);
    long longest = padded.shape().dim(1);
    for (int row = 0; row < padded.rows(); row++) {
      for (long entry = 0; entry < longest; entry++) {
        boolean own = side == PaddingSide.RIGHT ? entry < length : entry >= longest - length;
        for (int index = 0; index < inner; index++) {
          long element =
              switch (padded.dataType().byteSize()) {
                case 1 -> data.get();
                case 2 -> data.getShort();
                case 4 -> data.getInt();
                default -> data.getLong();
              };
          if (!own) {
            assertThat(element).isEqualTo(fill);
          }
        }
      }
    }
  }
}
