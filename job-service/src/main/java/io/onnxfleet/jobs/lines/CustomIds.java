package io.onnxfleet.jobs.lines;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;

/**
 * Ids that were seen, each as 128 bits of its SHA-256: a million take 32 MB at most, however long
 * they are. Not thread-safe.
 */
final class CustomIds {
  private static final int SMALLEST = 1024;

  private final MessageDigest digest;
  private long[] table = new long[2 * SMALLEST];
  private int size;

  CustomIds() {
    try {
      digest = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException impossible) {
      throw new IllegalStateException("every Java platform has SHA-256", impossible);
    }
  }

  /** Whether it was not there before. */
  boolean add(String id) {
    byte[] hash = digest.digest(id.getBytes(StandardCharsets.UTF_8));
    long first = ByteBuffer.wrap(hash).getLong();
    // Two zeros mark an empty place.
    long second = ByteBuffer.wrap(hash, Long.BYTES, Long.BYTES).getLong() | 1;
    if (!put(table, first, second)) {
      return false;
    }
    size++;
    if (4L * size > table.length) {
      grow();
    }
    return true;
  }

  private void grow() {
    long[] larger = new long[Math.multiplyExact(table.length, 2)];
    for (int place = 0; place < table.length; place += 2) {
      if (table[place + 1] != 0) {
        put(larger, table[place], table[place + 1]);
      }
    }
    Arrays.fill(table, 0);
    table = larger;
  }

  private static boolean put(long[] table, long first, long second) {
    int mask = table.length / 2 - 1;
    int place = (int) (first & mask);
    while (table[2 * place + 1] != 0) {
      if (table[2 * place] == first && table[2 * place + 1] == second) {
        return false;
      }
      place = (place + 1) & mask;
    }
    table[2 * place] = first;
    table[2 * place + 1] = second;
    return true;
  }
}
