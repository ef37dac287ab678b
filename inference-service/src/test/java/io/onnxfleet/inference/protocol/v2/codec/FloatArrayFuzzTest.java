package io.onnxfleet.inference.protocol.v2.codec;

import io.onnxfleet.engine.request.Deadline;
import io.onnxfleet.engine.request.InferenceRequest;
import io.onnxfleet.engine.tensor.BufferPool;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Arrays of floats in every notation and nesting, in pieces, against the library's parser. */
class FloatArrayFuzzTest {
  private static final int ROUNDS = 400;
  private static final int MOST = 600;

  private final long seed = Long.getLong("test.seed", System.nanoTime());
  private final Random random = new Random(seed);
  private final InferRequestDecoder decoder = new InferRequestDecoder(BufferPool.ofDefaults());

  @Test
  void decode_readsEachElementAsTheNearestFloat() throws IOException {
    for (int round = 0; round < ROUNDS; round++) {
      int count = 1 + random.nextInt(MOST);
      String[] numbers = new String[count];
      StringBuilder data = new StringBuilder("[");
      for (int index = 0; index < count; index++) {
        numbers[index] = number();
        data.append(index == 0 ? "" : separator()).append(numbers[index]);
      }
      compare(numbers, data.append(']').toString(), round);
    }
  }

  private void compare(String[] numbers, String data, int round) throws IOException {
    byte[] body =
        "{\"inputs\":[{\"name\":\"x\",\"shape\":[%d],\"datatype\":\"FP32\",\"data\":%s}]}"
            .formatted(numbers.length, data)
            .getBytes(StandardCharsets.US_ASCII);
    ArrayBody pieces = new ArrayBody(body, 1 + random.nextInt(1 << random.nextInt(14)));
    InferenceTarget target = new InferenceTarget("m", null, null, 0, Deadline.NONE);
    try (InferenceRequest request = decoder.decode(target, pieces, List::of).request()) {
      ByteBuffer floats = request.inputs().getFirst().tensor().data();
      for (String number : numbers) {
        float read = floats.getFloat();
        if (Float.floatToIntBits(read) != Float.floatToIntBits(Float.parseFloat(number))) {
          throw new AssertionError(
              "-Dtest.seed=%d, round %d: %s read as %s".formatted(seed, round, number, read));
        }
      }
    }
  }

  private String separator() {
    return switch (random.nextInt(20)) {
      case 0 -> " , ";
      case 1 -> ",\n  ";
      case 2, 3, 4 -> ", ";
      default -> ",";
    };
  }

  private String number() {
    float value = (float) random.nextGaussian();
    return switch (random.nextInt(12)) {
      case 0 -> Integer.toString(random.nextInt());
      case 1 -> Double.toString(value);
      case 2 -> Float.toString(Float.intBitsToFloat(random.nextInt(0x7F80_0000)));
      case 3 -> random.nextBoolean() ? "0" : "-0";
      case 4 -> "%d.%d".formatted(random.nextInt(-900, -1), random.nextLong(1L << 60));
      case 5 -> digits(1 + random.nextInt(36)) + "." + digits(1 + random.nextInt(40));
      case 6 -> "16777217." + "0".repeat(1 + random.nextInt(12));
      case 7 -> random.nextInt(100) + "e" + random.nextInt(-9, 9);
      default -> Float.toString(value);
    };
  }

  private String digits(int count) {
    StringBuilder text = new StringBuilder().append(1 + random.nextInt(9));
    while (text.length() < count) {
      text.append(random.nextInt(10));
    }
    return text.toString();
  }
}
