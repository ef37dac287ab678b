package io.onnxfleet.gateway.observability;

import java.util.HexFormat;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Accepts or makes request ids and W3C trace contexts. Safe for use by many threads if its source
 * of randomness is.
 */
final class RequestIdentity {

  private static final int MAX_LENGTH = 128;
  private static final HexFormat HEX = HexFormat.of();

  private final LongSupplier random;

  RequestIdentity(LongSupplier random) {
    this.random = random;
  }

  /** The client's id if it can stand in a log line: 1 to 128 visible ASCII characters. */
  String requestId(@Nullable String given) {
    return given != null && isVisible(given) ? given : hex() + hex();
  }

  /** The client's trace context if it is one, else that of a new trace. */
  String traceparent(@Nullable String given) {
    return given != null && isTraceparent(given)
        ? given
        : "00-" + nonZeroHex() + hex() + "-" + nonZeroHex() + "-00";
  }

  private static boolean isVisible(String id) {
    if (id.isEmpty() || id.length() > MAX_LENGTH) {
      return false;
    }
    for (int i = 0; i < id.length(); i++) {
      if (id.charAt(i) <= ' ' || id.charAt(i) > '~') {
        return false;
      }
    }
    return true;
  }

  /** {@code version-trace-parent-flags}; later versions may append fields. */
  private static boolean isTraceparent(String value) {
    return value.length() >= 55
        && (value.length() == 55 || (value.charAt(55) == '-' && !value.startsWith("00")))
        && value.length() <= MAX_LENGTH
        && isVisible(value)
        && !value.startsWith("ff")
        && isHex(value, 0, 2)
        && value.charAt(2) == '-'
        && isHex(value, 3, 35)
        && !isZero(value, 3, 35)
        && value.charAt(35) == '-'
        && isHex(value, 36, 52)
        && !isZero(value, 36, 52)
        && value.charAt(52) == '-'
        && isHex(value, 53, 55);
  }

  private static boolean isHex(String value, int from, int to) {
    for (int i = from; i < to; i++) {
      char c = value.charAt(i);
      if ((c < '0' || c > '9') && (c < 'a' || c > 'f')) {
        return false;
      }
    }
    return true;
  }

  private static boolean isZero(String value, int from, int to) {
    for (int i = from; i < to; i++) {
      if (value.charAt(i) != '0') {
        return false;
      }
    }
    return true;
  }

  private String hex() {
    return HEX.toHexDigits(random.getAsLong());
  }

  private String nonZeroHex() {
    long bits = random.getAsLong();
    return HEX.toHexDigits(bits == 0 ? 1 : bits);
  }
}
