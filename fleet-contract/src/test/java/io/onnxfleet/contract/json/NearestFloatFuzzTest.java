package io.onnxfleet.contract.json;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

/** Numbers in every notation against the library's parser, bit by bit. */
class NearestFloatFuzzTest {
  private static final int ROUNDS = 150_000;

  private final long seed = Long.getLong("test.seed", System.nanoTime());
  private final Random random = new Random(seed);

  @Test
  void floatValue_isTheNearest_ofShortestForms() throws IOException {
    requireSame(() -> finiteFloat().toString());
  }

  @Test
  void floatValue_isTheNearest_ofFloatsWrittenAsDoubles() throws IOException {
    requireSame(() -> Double.toString(finiteFloat()));
  }

  @Test
  void floatValue_isTheNearest_ofExactlyWrittenFloatsAndTheirMidpoints() throws IOException {
    requireSame(
        () -> {
          float value = Float.intBitsToFloat(random.nextInt(0x7F7F_FFFE));
          BigDecimal next = new BigDecimal(Math.nextUp(value));
          BigDecimal midpoint = next.add(new BigDecimal(value)).divide(BigDecimal.valueOf(2));
          return switch (random.nextInt(3)) {
            case 0 -> midpoint.toString();
            case 1 -> midpoint.toString().replace("E", "1E");
            default -> new BigDecimal(value).toString();
          };
        });
  }

  @Test
  void floatValue_isTheNearest_ofDoubles() throws IOException {
    requireSame(
        () -> {
          double value = Double.longBitsToDouble(random.nextLong());
          return Double.isFinite(value) ? Double.toString(value) : "0";
        });
  }

  @Test
  void floatValue_isTheNearest_ofAnyDigits() throws IOException {
    requireSame(
        () -> {
          StringBuilder text = new StringBuilder(random.nextBoolean() ? "-" : "");
          text.append(random.nextInt(4) == 0 ? 0 : 1 + random.nextInt(1 << random.nextInt(31)));
          if (random.nextBoolean()) {
            text.append('.');
            for (int digit = random.nextInt(30); digit >= 0; digit--) {
              text.append(random.nextInt(10));
            }
          }
          if (random.nextInt(3) == 0) {
            text.append(random.nextBoolean() ? 'e' : 'E').append(random.nextInt(120) - 60);
          }
          return text.toString();
        });
  }

  @Test
  void ofFloat_decides_nearlyAlways() {
    int undecided = 0;
    for (int round = 0; round < ROUNDS; round++) {
      long significand = random.nextLong(100_000_000_000_000_000L);
      int exponent = -random.nextInt(20);
      undecided += Float.isNaN(NearestFloat.ofFloat(significand, exponent, false)) ? 1 : 0;
    }
    assertThat(undecided).as("seed %d", seed).isLessThan(10);
  }

  private Float finiteFloat() {
    float value = Float.intBitsToFloat(random.nextInt());
    return Float.isFinite(value) ? value : 0;
  }

  private void requireSame(Supplier<String> numbers) throws IOException {
    for (int round = 0; round < ROUNDS / 5; round++) {
      String text = numbers.get();
      byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
      JsonScanner json = new JsonScanner(bytes, bytes.length, JsonRefusal.MALFORMED);
      json.nextToken();
      if (Float.floatToIntBits(json.floatValue()) != Float.floatToIntBits(Float.parseFloat(text))
          || Double.doubleToLongBits(json.doubleValue())
              != Double.doubleToLongBits(Double.parseDouble(text))) {
        throw new AssertionError(
            "-Dtest.seed=%d: %s read as %s and %s"
                .formatted(seed, text, json.floatValue(), json.doubleValue()));
      }
    }
  }
}
