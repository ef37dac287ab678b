package io.onnxfleet.contract.json;

import java.math.BigInteger;

/**
 * The floating-point number nearest to a decimal one, {@code significand * 10^exponent}, ties to
 * even. Answers {@code NaN} where it would have to guess, which is rare: exact ties of many digits,
 * and values at the ends of the range. Stateless.
 */
final class NearestFloat {
  /*
   * After D. Lemire, "Number parsing at a gigabyte per second" (Software: Practice and Experience,
   * 2021): the significand, shifted up to 64 bits, times the first 64 bits of the power of ten gives
   * the first bits of the result by one multiplication. Both factors are rounded down, so the true
   * product lies in
   *
   *   high <= product / 2^64 <= high + slack
   *
   * where slack is 3, and what the digits that were left out are worth. If no number half way
   * between two floats lies in that range, rounding is decided. Where the paper goes on with more
   * bits, this leaves the number to the library, which is exact.
   *
   * A double of at most 2^53 times or through an exact power of ten is rounded once, hence rightly
   * (W. D. Clinger, "How to read floating point numbers accurately", 1990).
   */

  private static final int SMALLEST_POWER = -64;
  private static final int LARGEST_POWER = 64;

  /** The first 64 bits of 10^(index + SMALLEST_POWER), the highest of them set. */
  private static final long[] POWERS = new long[LARGEST_POWER - SMALLEST_POWER + 1];

  /** The power is {@code POWERS[index] * 2^EXPONENTS[index]}, or a little more. */
  private static final int[] EXPONENTS = new int[POWERS.length];

  private static final double[] EXACT_POWERS = new double[23];
  private static final long LARGEST_EXACT = 1L << 53;

  private static final int FLOAT_BITS = 24;
  private static final int FLOAT_BIAS = 127;
  private static final int DOUBLE_BITS = 53;
  private static final int DOUBLE_BIAS = 1023;

  static {
    for (int power = SMALLEST_POWER; power <= LARGEST_POWER; power++) {
      BigInteger ten = BigInteger.TEN.pow(Math.abs(power));
      int shift = 0;
      if (power < 0) {
        shift = -(ten.bitLength() + Long.SIZE);
        ten = BigInteger.ONE.shiftLeft(-shift).divide(ten);
      }
      int excess = ten.bitLength() - Long.SIZE;
      POWERS[power - SMALLEST_POWER] = ten.shiftRight(excess).longValue();
      EXPONENTS[power - SMALLEST_POWER] = shift + excess;
    }
    double exact = 1;
    for (int power = 0; power < EXACT_POWERS.length; power++) {
      EXACT_POWERS[power] = exact;
      exact *= 10;
    }
  }

  private NearestFloat() {}

  /**
   * The nearest float, or NaN for "ask the library".
   *
   * @param significand unsigned
   * @param more whether digits behind those of the significand were left out
   */
  static float ofFloat(long significand, int exponent, boolean more) {
    if (significand == 0) {
      return more ? Float.NaN : 0f;
    }
    if (exponent == 0 && significand > 0 && !more) {
      return (float) significand;
    }
    long bits = nearest(significand, exponent, more, FLOAT_BITS, FLOAT_BIAS);
    return bits < 0 ? Float.NaN : Float.intBitsToFloat((int) bits);
  }

  /** The nearest double, as {@link #ofFloat}. */
  static double ofDouble(long significand, int exponent, boolean more) {
    if (significand == 0) {
      return more ? Double.NaN : 0d;
    }
    if (!more && significand > 0 && significand <= LARGEST_EXACT) {
      if (exponent >= 0 && exponent < EXACT_POWERS.length) {
        return significand * EXACT_POWERS[exponent];
      }
      if (exponent < 0 && -exponent < EXACT_POWERS.length) {
        return significand / EXACT_POWERS[-exponent];
      }
    }
    long bits = nearest(significand, exponent, more, DOUBLE_BITS, DOUBLE_BIAS);
    return bits < 0 ? Double.NaN : Double.longBitsToDouble(bits);
  }

  /** The bits of the nearest normal number, or -1 if that is not decided or there is none. */
  private static long nearest(
      long significand, int exponent, boolean more, int precision, int bias) {
    if (exponent < SMALLEST_POWER || exponent > LARGEST_POWER) {
      return -1;
    }
    int leading = Long.numberOfLeadingZeros(significand);
    int index = exponent - SMALLEST_POWER;
    // Both have their highest bit set, which as signed numbers makes each 2^64 less than it is.
    long shifted = significand << leading;
    long high = Math.multiplyHigh(shifted, POWERS[index]) + shifted + POWERS[index];
    int top = Long.SIZE - Long.numberOfLeadingZeros(high);
    int dropped = top - precision;
    long half = 1L << (dropped - 1);
    long rest = high & ((1L << dropped) - 1);
    long slack = 3 + (more ? 1L << leading : 0);
    // Half way may lie from rest to rest + slack; one comparison, as one half of it would be a
    // coin's.
    if (Long.compareUnsigned(half - rest, slack) <= 0) {
      return -1;
    }
    long rounded = (high >>> dropped) + ((half - rest) >>> (Long.SIZE - 1));
    int binary = EXPONENTS[index] - leading + Long.SIZE + dropped;
    // Rounding up may give one bit more: adding instead of masking then carries into the exponent.
    long biased = (long) binary + precision - 1 + bias;
    if (biased < 1 || biased >= 2L * bias) {
      return -1;
    }
    return ((biased - 1) << (precision - 1)) + rounded;
  }
}
