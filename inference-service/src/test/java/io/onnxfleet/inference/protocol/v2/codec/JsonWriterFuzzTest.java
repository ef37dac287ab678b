package io.onnxfleet.inference.protocol.v2.codec;

import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.contract.json.JsonWriter;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import java.util.StringJoiner;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.json.JsonMapper;

/** What is written against the library's notation of the same numbers and texts. */
class JsonWriterFuzzTest {
  private static final int NUMBERS = 200_000;

  private final long seed = Long.getLong("test.seed", System.nanoTime());
  private final Random random = new Random(seed);

  @Test
  void floats_areWrittenAsFloatToString_whateverTheirBits() throws IOException {
    ByteBuffer values = memory(NUMBERS * Float.BYTES);
    StringJoiner expected = new StringJoiner(",");
    while (values.hasRemaining()) {
      float value = Float.intBitsToFloat(random.nextInt());
      values.putFloat(value);
      expected.add(Float.toString(value));
    }
    assertThat(written(json -> json.floats(values.flip()))).isEqualTo(expected.toString());
  }

  @Test
  void doubles_areWrittenAsDoubleToString_whateverTheirBits() throws IOException {
    ByteBuffer values = memory(NUMBERS * Double.BYTES);
    StringJoiner expected = new StringJoiner(",");
    while (values.hasRemaining()) {
      double value = Double.longBitsToDouble(random.nextLong());
      values.putDouble(value);
      expected.add(Double.toString(value));
    }
    assertThat(written(json -> json.doubles(values.flip()))).isEqualTo(expected.toString());
  }

  @Test
  void strings_areReadBackAsTheyWere_whateverTheirCharacters() throws IOException {
    for (int round = 0; round < 2_000; round++) {
      StringBuilder text = new StringBuilder();
      for (int length = random.nextInt(400); length > 0; length--) {
        int letter = random.nextInt(random.nextInt(4) == 0 ? Character.MAX_CODE_POINT : 0x80);
        text.appendCodePoint(letter >= 0xD800 && letter < 0xE000 ? 'x' : letter);
      }
      String json = written(writer -> writer.string(text.toString()));
      assertThat(JsonMapper.shared().readValue(json, String.class))
          .as("-Dtest.seed=%d, round %d", seed, round)
          .isEqualTo(text.toString());
    }
  }

  private String written(Writing writing) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    JsonWriter json = new JsonWriter(bytes, random.nextInt(20_000));
    writing.write(json);
    json.flush();
    return bytes.toString(StandardCharsets.UTF_8);
  }

  private static ByteBuffer memory(int size) {
    return ByteBuffer.allocateDirect(size).order(ByteOrder.LITTLE_ENDIAN);
  }

  private interface Writing {
    void write(JsonWriter json) throws IOException;
  }
}
