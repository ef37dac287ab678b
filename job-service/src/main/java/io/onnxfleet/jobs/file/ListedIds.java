package io.onnxfleet.jobs.file;

import io.onnxfleet.jobs.store.Names;
import java.time.InstantSource;
import java.util.HexFormat;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Pattern;

/**
 * Makes the ids of what callers list. In an id stands the number by which lists are ordered, so
 * that a list goes on behind what was deleted since; behind it are 128 random bits, so that nobody
 * guesses an id. Thread-safe.
 *
 * <p>A number is made of the time in milliseconds and of random bits. Those of a process grow. Two
 * processes give the same one by a chance of one in a million, if both do so in one millisecond.
 */
public final class ListedIds {
  private static final int RANDOM_BITS = 20;
  private static final int RANDOM_DIGITS = RANDOM_BITS / 4;
  private static final int NUMBER_DIGITS = 16;
  private static final Pattern DIGITS = Pattern.compile("[0-9a-f]{48}");

  private final Names names;
  private final InstantSource clock;
  private final AtomicLong last = new AtomicLong();

  public ListedIds(Names names, InstantSource clock) {
    this.names = names;
    this.clock = clock;
  }

  /** The next one: what it begins with, and 48 hexadecimal digits. */
  public String next(String prefix) {
    long random = HexFormat.fromHexDigitsToLong(names.get(), 0, RANDOM_DIGITS);
    long now = clock.millis() << RANDOM_BITS | random;
    long number = last.updateAndGet(before -> Math.max(before + 1, now));
    return prefix + HexFormat.of().toHexDigits(number) + names.get();
  }

  /** The number in an id that begins so; empty in one that an earlier release has made. */
  public static OptionalLong number(String prefix, String id) {
    if (!id.startsWith(prefix) || !DIGITS.matcher(id.substring(prefix.length())).matches()) {
      return OptionalLong.empty();
    }
    int from = prefix.length();
    return OptionalLong.of(HexFormat.fromHexDigitsToLong(id, from, from + NUMBER_DIGITS));
  }
}
