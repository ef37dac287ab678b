package io.onnxfleet.benchmarks.chaos.models;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/** Damages models and configurations as broken disks, careless tools and attackers do. */
final class Damage {
  /** Where a length, a dimension or a count is expected: the largest, and what overflows. */
  private static final List<byte[]> NUMBERS =
      List.of(
          new byte[] {0},
          new byte[] {-1, -1, -1, -1, 7},
          new byte[] {-1, -1, -1, -1, 15},
          new byte[] {-1, -1, -1, -1, -1, -1, -1, -1, 127},
          new byte[] {-1, -1, -1, -1, -1, -1, -1, -1, -1, 1},
          new byte[] {-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1});

  private static final List<String> WORDS =
      List.of("-1", "0", "99999999999999999999", "\"", "{", "]", "TYPE_FP16", "../x", "\u0000");

  private final SplittableRandom random;

  Damage(long seed) {
    random = new SplittableRandom(seed);
  }

  /** A copy with one to three damages. */
  byte[] model(byte[] whole) {
    byte[] bytes = whole;
    for (int damage = random.nextInt(1, 4); damage > 0 && bytes.length > 0; damage--) {
      int at = random.nextInt(bytes.length);
      bytes =
          switch (random.nextInt(8)) {
            // Most of them keep the lengths, and so get further than the first look.
            case 0, 1 -> replaced(bytes, at, 1, new byte[] {(byte) random.nextInt(256)});
            case 2, 3 ->
                replaced(bytes, at, 1, new byte[] {(byte) (bytes[at] ^ 1 << random.nextInt(8))});
            case 4 -> replaced(bytes, at, 1, NUMBERS.get(random.nextInt(NUMBERS.size())));
            case 5 -> replaced(bytes, at, random.nextInt(16), new byte[0]);
            case 6 -> replaced(bytes, at, 0, part(bytes, random.nextInt(32)));
            default -> Arrays.copyOf(bytes, at);
          };
    }
    return bytes;
  }

  /** A copy with one to three damages, most of which leave it a text of its kind. */
  byte[] config(String whole) {
    String text = whole;
    for (int damage = random.nextInt(1, 4); damage > 0; damage--) {
      String[] words = text.split(" ", -1);
      int at = random.nextInt(words.length);
      words[at] =
          switch (random.nextInt(3)) {
            case 0 -> "";
            case 1 -> words[random.nextInt(words.length)];
            default -> WORDS.get(random.nextInt(WORDS.size()));
          };
      text = String.join(" ", words);
    }
    return text.getBytes(UTF_8);
  }

  int below(int bound) {
    return random.nextInt(bound);
  }

  private byte[] part(byte[] bytes, int length) {
    int from = random.nextInt(bytes.length);
    return Arrays.copyOfRange(bytes, from, Math.min(bytes.length, from + length));
  }

  /** With other bytes in place of those from there on, as many as there are. */
  private static byte[] replaced(byte[] bytes, int at, int length, byte[] by) {
    ByteArrayOutputStream made = new ByteArrayOutputStream(bytes.length + by.length);
    made.write(bytes, 0, Math.min(at, bytes.length));
    made.writeBytes(by);
    int rest = Math.min(bytes.length, at + length);
    made.write(bytes, rest, bytes.length - rest);
    return made.toByteArray();
  }
}
