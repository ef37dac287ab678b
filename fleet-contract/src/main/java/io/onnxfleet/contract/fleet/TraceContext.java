package io.onnxfleet.contract.fleet;

import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The names of a request in logs: its id and its W3C trace context, as they came or new ones. What
 * would not fit a log line, or is no trace context, is replaced. Stateless.
 */
public final class TraceContext {

  /** Of an id, and of a trace context with the fields that later versions may append. */
  private static final int MOST_LENGTH = 128;

  private static final int TRACE_FROM = 3;
  private static final int TRACE_TO = 35;
  private static final int PARENT_TO = 52;
  private static final int LENGTH = 55;
  private static final char[] HEX = "0123456789abcdef".toCharArray();

  private TraceContext() {}

  /**
   * The id that was given if it can stand in a log line, 1 to 128 visible ASCII characters; else a
   * new one.
   */
  public static String requestId(@Nullable String given, LongSupplier random) {
    if (given != null && isVisible(given)) {
      return given;
    }
    char[] id = new char[32];
    hex(random.getAsLong(), id, 0);
    hex(random.getAsLong(), id, 16);
    return new String(id);
  }

  /** The trace context that was given if it is one, else that of a new trace, not sampled. */
  public static String traceParent(@Nullable String given, LongSupplier random) {
    if (given != null && isTraceParent(given)) {
      return given;
    }
    char[] parent = "00-0123456789abcdef0123456789abcdef-0123456789abcdef-00".toCharArray();
    hex(nonZero(random.getAsLong()), parent, TRACE_FROM);
    hex(random.getAsLong(), parent, TRACE_FROM + 16);
    hex(nonZero(random.getAsLong()), parent, TRACE_TO + 1);
    return new String(parent);
  }

  /** The trace's id in a trace context. */
  public static String traceId(String traceParent) {
    return traceParent.substring(TRACE_FROM, TRACE_TO);
  }

  /** {@code version-trace-parent-flags}; later versions than 00 may append fields. */
  public static boolean isTraceParent(String value) {
    return value.length() >= LENGTH
        && (value.length() == LENGTH || (value.charAt(LENGTH) == '-' && !value.startsWith("00")))
        && isVisible(value)
        && !value.startsWith("ff")
        && isHex(value, 0, 2)
        && value.charAt(2) == '-'
        && isHex(value, TRACE_FROM, TRACE_TO)
        && !isZero(value, TRACE_FROM, TRACE_TO)
        && value.charAt(TRACE_TO) == '-'
        && isHex(value, TRACE_TO + 1, PARENT_TO)
        && !isZero(value, TRACE_TO + 1, PARENT_TO)
        && value.charAt(PARENT_TO) == '-'
        && isHex(value, PARENT_TO + 1, LENGTH);
  }

  private static boolean isVisible(String id) {
    if (id.isEmpty() || id.length() > MOST_LENGTH) {
      return false;
    }
    for (int i = 0; i < id.length(); i++) {
      if (id.charAt(i) <= ' ' || id.charAt(i) > '~') {
        return false;
      }
    }
    return true;
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

  private static long nonZero(long bits) {
    return bits == 0 ? 1 : bits;
  }

  private static void hex(long bits, char[] to, int at) {
    for (int index = 0; index < 16; index++) {
      to[at + index] = HEX[(int) (bits >>> (60 - 4 * index)) & 0xF];
    }
  }
}
