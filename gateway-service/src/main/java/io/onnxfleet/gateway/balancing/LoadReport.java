package io.onnxfleet.gateway.balancing;

import org.jspecify.annotations.Nullable;

/**
 * What a replica says of its load by one model, in ORCA's terms (Open Request Cost Aggregation, the
 * xDS {@code OrcaLoadReport}).
 *
 * @param inFlight requests of all callers under way there
 * @param queueNanos how long a request that came now would wait for an instance
 * @param busyShare of its instances, 0 to 1
 */
public record LoadReport(int inFlight, long queueNanos, double busyShare) {

  private static final String TEXT = "TEXT ";
  private static final String IN_FLIGHT = "named_metrics.in_flight";
  private static final String QUEUE_MILLIS = "named_metrics.queue_ms";
  private static final String BUSY_SHARE = "application_utilization";
  private static final double MOST_IN_FLIGHT = 1e9;
  private static final double MOST_MILLIS = 1e9;

  /**
   * Reads the header in its text form, {@code TEXT key=value, key=value}.
   *
   * @return null where it is absent, malformed, of another form, or says nothing of requests in
   *     flight
   */
  public static @Nullable LoadReport parse(@Nullable String header) {
    if (header == null || !header.regionMatches(true, 0, TEXT, 0, TEXT.length())) {
      return null;
    }
    double inFlight = -1;
    double queueMillis = 0;
    double busy = 0;
    int at = TEXT.length();
    while (at < header.length()) {
      int comma = header.indexOf(',', at);
      int end = comma < 0 ? header.length() : comma;
      int equals = header.indexOf('=', at);
      if (equals < 0 || equals >= end) {
        return null;
      }
      while (at < equals && header.charAt(at) == ' ') {
        at++;
      }
      int length = equals - at;
      if (is(header, at, length, IN_FLIGHT)) {
        inFlight = number(header, equals + 1, end);
      } else if (is(header, at, length, QUEUE_MILLIS)) {
        queueMillis = number(header, equals + 1, end);
      } else if (is(header, at, length, BUSY_SHARE)) {
        busy = number(header, equals + 1, end);
      }
      at = end + 1;
    }
    boolean sound = inFlight >= 0 && queueMillis >= 0 && busy >= 0;
    return sound
        ? new LoadReport(
            (int) Math.min(inFlight, MOST_IN_FLIGHT),
            (long) (Math.min(queueMillis, MOST_MILLIS) * 1e6),
            busy)
        : null;
  }

  private static boolean is(String header, int at, int length, String name) {
    return length == name.length() && header.startsWith(name, at);
  }

  /** NaN, which no comparison lets pass, where there is no number. */
  private static double number(String header, int from, int to) {
    try {
      return Double.parseDouble(header.substring(from, to));
    } catch (NumberFormatException malformed) {
      return Double.NaN;
    }
  }
}
