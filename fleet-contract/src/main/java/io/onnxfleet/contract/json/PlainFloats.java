package io.onnxfleet.contract.json;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.Arrays;

/**
 * The numbers that JSON arrays of floats are full of, many at once: each behind a comma and at most
 * a space, of one to seven digits, and of 18 at most with those behind the point, without an
 * exponent. Not thread-safe.
 */
final class PlainFloats {
  /*
   * Two steps, each on a block of numbers. The first finds where numbers end, eight characters at
   * once, and puts their digits aside; hardly a branch depends on them, and what the next number
   * waits for is only this one's end. The second converts digits to floats in loops that are simple
   * enough for the compiler to use vector instructions; with two conversions in one loop it does not.
   *
   * A character exclusive-or '0' is at most 9 if it is a digit, which shows in the highest bit after
   * 0x76 was added; eight digits become a number by three multiplications, of pairs, of pairs of
   * pairs, and of both halves (D. Lemire, "Number parsing at a gigabyte per second", Software:
   * Practice and Experience, 2021, section 9). Digits behind the point are read from their end, so
   * that they stand where the multiplications expect them, and what is before them is masked out.
   *
   * The digits as a number, times a power of ten, are rounded three times, once more by what follows,
   * so they are off by at most four parts in 2^53. If eight parts less and eight parts more give the
   * same float, that is the nearest one, since rounding is monotonic; if not, the number is left to
   * those who are exact.
   */

  private static final VarHandle EIGHT =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private static final long ONES = 0x0101_0101_0101_0101L;
  private static final long HIGHEST_BITS = ONES << 7;
  private static final long ZEROS = '0' * ONES;

  /** Added to a digit's value, leaves the highest bit clear; to any larger value, sets it. */
  private static final long ABOVE_NINE = (0x80 - 10) * ONES;

  /** Added to a character, sets the highest bit if it is behind '9'. */
  private static final long BEHIND_DIGITS = (0x80 - '9' - 1) * ONES;

  /** Less a character, has the highest bit set if that is before '-', '.', '/' and the digits. */
  private static final long BEFORE_SIGN = HIGHEST_BITS | ('-' - 1) * ONES;

  private static final short COMMA_AND_SPACE = ',' | ' ' << Byte.SIZE;
  private static final long SEPARATOR = 0xFF;

  private static final int MOST_DIGITS = 18;
  private static final long TEN_TO_8 = 100_000_000;
  private static final long TEN_TO_16 = TEN_TO_8 * TEN_TO_8;
  private static final double LESS = 1 - 0x1p-50;
  private static final double MORE = 1 + 0x1p-50;

  /** A comma, a sign, a point, all digits, and what follows. */
  private static final int WINDOW = 3 * Long.BYTES;

  /** A space, and what is looked at behind it. */
  private static final int REACH = 1 + WINDOW + Long.BYTES;

  /** 10^index. */
  private static final long[] TENS = new long[MOST_DIGITS + 1];

  /** 10^-index, and behind these the same below zero. */
  private static final double[] FACTORS = new double[2 * TENS.length];

  /** The last so many characters of eight. */
  private static final long[] LAST = new long[MOST_DIGITS + 1];

  /** Those of the eight before these. */
  private static final long[] LAST_BUT_EIGHT = new long[MOST_DIGITS + 1];

  static {
    long power = 1;
    for (int count = 0; count <= MOST_DIGITS; count++) {
      TENS[count] = power;
      FACTORS[count] = 1d / power;
      FACTORS[TENS.length + count] = -1d / power;
      power *= 10;
    }
    Arrays.setAll(LAST, PlainFloats::last);
    Arrays.setAll(LAST_BUT_EIGHT, count -> last(count - Long.BYTES));
  }

  private static long last(int characters) {
    return characters <= 0 ? 0 : -1L << Math.max(0, Long.SIZE - Byte.SIZE * characters);
  }

  private static final int BLOCK = 128;

  // The last 16 digits as text, the number that those before them are worth, and the factor to it.
  private final long[] last = new long[BLOCK];
  private final long[] before = new long[BLOCK];
  private final long[] first = new long[BLOCK];
  private final double[] factor = new double[BLOCK];

  private final int[] end = new int[BLOCK];
  private final float[] less = new float[BLOCK];
  private final float[] more = new float[BLOCK];

  /**
   * Reads numbers, and puts them where the target's position is, which moves. It ends before what
   * is not plain, and some characters behind the array's start and before {@code limit}.
   *
   * @param at the comma before the first of them
   * @param most numbers that are read
   * @return the place behind the last of them
   */
  int read(byte[] bytes, int at, int limit, ByteBuffer target, long most) {
    if (at < WINDOW) {
      return at;
    }
    int safe = limit - REACH;
    int place = at;
    long left = most;
    FloatBuffer floats = target.asFloatBuffer();
    while (left > 0) {
      int taken = take(bytes, place, safe, (int) Math.min(left, BLOCK));
      int converted = convert(taken);
      if (converted == 0) {
        break;
      }
      floats.put(less, 0, converted);
      place = end[converted - 1];
      left = converted < BLOCK ? 0 : left - converted;
    }
    target.position(target.position() + floats.position() * Float.BYTES);
    return place;
  }

  /** Puts the digits of plain numbers aside; how many. */
  private int take(byte[] bytes, int at, int safe, int most) {
    // Read once: the loop is short of registers as it is.
    long[] last = this.last;
    long[] before = this.before;
    long[] first = this.first;
    double[] factor = this.factor;
    int[] end = this.end;
    int count = 0;
    int place = at;
    while (count < most && place < safe) {
      int separator = place;
      long text = eight(bytes, separator);
      if ((short) text == COMMA_AND_SPACE) {
        separator++;
        text = eight(bytes, separator);
      } else if ((byte) text != ',') {
        break;
      }
      place = endOf(bytes, separator, text);
      long sign = (((text >>> Byte.SIZE & 0xFF) ^ '-') - 1) >>> (Long.SIZE - 1);
      int start = separator + 1 + (int) sign;
      text >>>= Byte.SIZE + sign * Byte.SIZE;
      long whole = (text & 0xFF) - '0';
      int fraction = place - start - 2;
      if (whole < 0 || (byte) (text >>> Byte.SIZE) != '.' || fraction == 0) {
        long general = eight(bytes, start) ^ ZEROS;
        whole = whole(general);
        fraction = fraction(general, place - start);
      }
      // A zero in front counts for nothing, but is anybody's guess: asked last.
      boolean tooMany = fraction > MOST_DIGITS || (fraction == MOST_DIGITS && whole != 0);
      if (fraction < 0 || tooMany || (bytes[place] | ' ') == 'e') {
        break;
      }
      long lastEight = (eight(bytes, place - Long.BYTES) ^ ZEROS) & LAST[fraction];
      long eightBefore = (eight(bytes, place - 2 * Long.BYTES) ^ ZEROS) & LAST_BUT_EIGHT[fraction];
      long others = notDigits(lastEight) | notDigits(eightBefore);
      long value = whole * TENS[fraction];
      if (fraction > 2 * Long.BYTES) {
        long rest = (eight(bytes, place - WINDOW) ^ ZEROS) & LAST[fraction - 2 * Long.BYTES];
        others |= notDigits(rest);
        value += digits(rest) * TEN_TO_16;
      }
      if (others != 0) {
        break;
      }
      last[count] = lastEight;
      before[count] = eightBefore;
      first[count] = value;
      factor[count] = FACTORS[fraction + (int) sign * TENS.length];
      end[count] = place;
      count++;
    }
    return count;
  }

  /** The place of the first character behind a separator that is no digit, point or sign. */
  private static int endOf(byte[] bytes, int separator, long text) {
    long ends = endsIn(text) & ~SEPARATOR;
    if (ends != 0) {
      return separator + placeIn(ends);
    }
    ends = endsIn(eight(bytes, separator + Long.BYTES));
    if (ends != 0) {
      return separator + Long.BYTES + placeIn(ends);
    }
    ends = endsIn(eight(bytes, separator + 2 * Long.BYTES));
    return ends == 0 ? separator : separator + 2 * Long.BYTES + placeIn(ends);
  }

  // Numbers that do not begin with a single digit and a point

  private static int wholeDigits(long text) {
    return placeIn(notDigits(text) | 1L << (Long.SIZE - 1));
  }

  /** The number of the digits before the point. */
  private static long whole(long text) {
    return digits(text << ((Long.BYTES - wholeDigits(text)) * Byte.SIZE));
  }

  /** How many digits are behind the point; -1 if there is none behind it, or it is not plain. */
  private static int fraction(long text, int length) {
    int whole = wholeDigits(text);
    boolean leadingZero = whole > 1 && (byte) text == 0;
    if (whole == 0 || leadingZero) {
      return -1;
    }
    if (length == whole) {
      return 0;
    }
    boolean pointed = (byte) (text >>> (whole * Byte.SIZE)) == ('.' ^ '0');
    int fraction = length - whole - 1;
    return pointed && fraction > 0 && length <= MOST_DIGITS ? fraction : -1;
  }

  /** Makes floats of the first numbers put aside; how many are the nearest for certain. */
  private int convert(int count) {
    for (int index = 0; index < count; index++) {
      before[index] = digits(before[index]);
    }
    for (int index = 0; index < count; index++) {
      last[index] = digits(last[index]);
    }
    for (int index = 0; index < count; index++) {
      factor[index] *= first[index] + before[index] * TEN_TO_8 + last[index];
    }
    for (int index = 0; index < count; index++) {
      less[index] = (float) (factor[index] * LESS);
    }
    for (int index = 0; index < count; index++) {
      more[index] = (float) (factor[index] * MORE);
    }
    int difference = Arrays.mismatch(less, 0, count, more, 0, count);
    return difference < 0 ? count : difference;
  }

  private static long eight(byte[] bytes, int at) {
    return (long) EIGHT.get(bytes, at);
  }

  /** The highest bit of each character that ends a number, at least of the first of them. */
  private static long endsIn(long text) {
    return ((text + BEHIND_DIGITS) | (BEFORE_SIGN - text) | text) & HIGHEST_BITS;
  }

  /** The highest bit of each value that is no digit's, at least of the first of them. */
  private static long notDigits(long values) {
    return ((values + ABOVE_NINE) | values) & HIGHEST_BITS;
  }

  /** The place of the first highest bit that is set. */
  private static int placeIn(long highestBits) {
    return Long.numberOfTrailingZeros(highestBits) >>> 3;
  }

  /** The number of eight digits, the first of all in the lowest byte. */
  private static long digits(long values) {
    long pairs = (values * 10 + (values >>> 8)) & 0x00FF_00FF_00FF_00FFL;
    long quads = (pairs * 100 + (pairs >>> 16)) & 0x0000_FFFF_0000_FFFFL;
    return (quads * 10_000 + (quads >>> 32)) & 0xFFFF_FFFFL;
  }
}
