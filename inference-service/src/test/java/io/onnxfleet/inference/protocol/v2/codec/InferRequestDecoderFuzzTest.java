package io.onnxfleet.inference.protocol.v2.codec;

import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.engine.error.ErrorCategory;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.request.Deadline;
import io.onnxfleet.engine.tensor.BufferPool;
import io.onnxfleet.engine.tensor.DataType;
import io.onnxfleet.engine.tensor.Shape;
import io.onnxfleet.engine.tensor.TensorSpec;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Bodies made at random, whole and damaged: nothing but a call or a refusal comes of them. */
class InferRequestDecoderFuzzTest {
  private static final int ROUNDS = 5_000;
  private static final List<DataType> TYPES = List.of(DataType.values());
  private static final String[] TOKENS = {
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"",
    "null",
    "true",
    "-1",
    "1e999",
    "\\ud800",
    "\u0000",
    "\"inputs\"",
    "\"shape\"",
    "\"data\"",
    "\"datatype\"",
    "99999999999999999999",
    "0"
  };

  private final long seed = Long.getLong("test.seed", System.nanoTime());
  private final Random random = new Random(seed);
  private final BufferPool pool = new BufferPool(1 << 20, 16 << 20);
  private final InferRequestDecoder decoder = new InferRequestDecoder(pool);
  private int accepted;
  private int refused;

  @Test
  void decode_eitherAcceptsOrRefuses_andReturnsAllMemory() {
    for (int round = 0; round < ROUNDS; round++) {
      Body body = randomBody();
      byte[] bytes = random.nextInt(3) == 0 ? body.bytes : damage(body.bytes);
      try {
        decode(bytes, body.headerLength);
      } catch (InferenceException refusal) {
        refused++;
        ErrorCategory category = refusal.code().category();
        assertThat(category)
            .as("seed %d, round %d: %s", seed, round, refusal.getMessage())
            .isIn(ErrorCategory.INVALID_REQUEST, ErrorCategory.OVERLOADED);
      } catch (Throwable other) {
        throw new AssertionError("-Dtest.seed=" + seed + ", round " + round, other);
      }
      assertThat(pool.usage().buffersInUse()).as("seed %d, round %d", seed, round).isZero();
    }
    assertThat(accepted).as("seed %d", seed).isGreaterThan(ROUNDS / 10);
    assertThat(refused).as("seed %d", seed).isGreaterThan(ROUNDS / 10);
  }

  private void decode(byte[] bytes, @Nullable Long headerLength) throws IOException {
    TensorSpec input = new TensorSpec("x", anyType(), Shape.of(-1, -1));
    InferenceTarget target = new InferenceTarget("m", null, headerLength, 0, Deadline.NONE);
    ArrayBody body = new ArrayBody(bytes, 1 + random.nextInt(64));
    decoder.decode(target, body, () -> List.of(input)).request().close();
    accepted++;
  }

  private static final class Body {
    private final byte[] bytes;
    private final @Nullable Long headerLength;

    Body(byte[] bytes, @Nullable Long headerLength) {
      this.bytes = bytes;
      this.headerLength = headerLength;
    }
  }

  private DataType anyType() {
    return TYPES.get(random.nextInt(TYPES.size()));
  }

  private Body randomBody() {
    ByteArrayOutputStream binary = new ByteArrayOutputStream();
    StringBuilder json = new StringBuilder("{\"inputs\":[");
    int inputs = random.nextInt(4);
    for (int index = 0; index < inputs; index++) {
      json.append(index == 0 ? "" : ",").append(randomInput("i" + index, binary));
    }
    json.append("]");
    if (random.nextBoolean()) {
      json.append(",\"id\":\"").append(random.nextInt()).append('"');
    }
    if (random.nextBoolean()) {
      json.append(",\"parameters\":{\"timeout\":").append(random.nextInt(1000)).append('}');
    }
    byte[] header = json.append('}').toString().getBytes(StandardCharsets.UTF_8);
    if (binary.size() == 0) {
      Long length =
          switch (random.nextInt(20)) {
            case 0 -> 0L;
            case 1 -> (long) random.nextInt(2 * header.length);
            default -> null;
          };
      return new Body(header, length);
    }
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    all.writeBytes(header);
    all.writeBytes(binary.toByteArray());
    return new Body(all.toByteArray(), (long) header.length);
  }

  private String randomInput(String name, ByteArrayOutputStream binary) {
    DataType type = anyType();
    int rows = random.nextInt(4);
    int columns = random.nextInt(4);
    String shape = "\"shape\":[" + rows + "," + columns + "]";
    String rest = "\"name\":\"" + name + "\",\"datatype\":\"" + type + "\"";
    boolean onlyBinary = type == DataType.FP16 || type == DataType.BF16;
    if (onlyBinary || random.nextInt(4) == 0) {
      int size = rows * columns * (type.isFixedSize() ? type.byteSize() : 4);
      binary.writeBytes(new byte[size]);
      return "{%s,%s,\"parameters\":{\"binary_data_size\":%d}}".formatted(shape, rest, size);
    }
    StringBuilder data = new StringBuilder("\"data\":[");
    for (int index = 0; index < rows * columns; index++) {
      data.append(index == 0 ? "" : ",").append(randomElement(type));
    }
    data.append(']');
    return random.nextBoolean()
        ? "{%s,%s,%s}".formatted(shape, rest, data)
        : "{%s,%s,%s}".formatted(data, rest, shape);
  }

  private String randomElement(DataType type) {
    return switch (type) {
      case BOOL -> String.valueOf(random.nextBoolean());
      case BYTES -> "\"" + "a\\n\\u00e9".repeat(random.nextInt(3)) + "\"";
      case FP32, FP64 -> String.valueOf(random.nextGaussian());
      default -> String.valueOf(random.nextInt(128));
    };
  }

  private byte[] damage(byte[] whole) {
    ByteArrayOutputStream damaged = new ByteArrayOutputStream();
    int at = random.nextInt(whole.length + 1);
    int until = Math.min(whole.length, at + random.nextInt(6));
    damaged.write(whole, 0, at);
    switch (random.nextInt(4)) {
      case 0 -> damaged.write(whole, until, whole.length - until);
      case 1 -> {
        damaged.writeBytes(TOKENS[random.nextInt(TOKENS.length)].getBytes(StandardCharsets.UTF_8));
        damaged.write(whole, until, whole.length - until);
      }
      case 2 -> {
        damaged.write(random.nextInt(256));
        damaged.write(whole, until, whole.length - until);
      }
      default -> {}
    }
    return damaged.toByteArray();
  }
}
