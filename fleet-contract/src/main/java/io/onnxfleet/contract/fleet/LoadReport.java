package io.onnxfleet.contract.fleet;

import org.jspecify.annotations.Nullable;

/**
 * A replica's load by one model at one moment, under the names of ORCA (Open Request Cost
 * Aggregation, the xDS {@code OrcaLoadReport}), as other balancers know them too. A figure that is
 * missing is 0; one that nobody knows is passed over.
 *
 * @param inFlight requests of all callers under way there
 * @param queueNanos how long a request that came now would wait for an instance
 * @param busyShare of the model's instances, 0 to 1: {@code application_utilization}
 * @param cpuShare of the processors, 0 to 1: {@code cpu_utilization}
 */
public record LoadReport(int inFlight, long queueNanos, double busyShare, double cpuShare) {

  /** The form of {@link #asJson}, asked for by a header. */
  public static final String JSON = "JSON";

  private static final String TEXT = "TEXT ";
  private static final String BUSY_SHARE = "application_utilization";
  private static final String CPU_SHARE = "cpu_utilization";
  private static final String NAMED = "named_metrics";
  private static final String IN_FLIGHT = "in_flight";
  private static final String QUEUE_MILLIS = "queue_ms";
  private static final String NAMED_IN_FLIGHT = NAMED + "." + IN_FLIGHT;
  private static final String NAMED_QUEUE_MILLIS = NAMED + "." + QUEUE_MILLIS;

  /** What stands between two figures of the text form. */
  private static final String NEXT = ", ";

  private static final double MOST = 1e9;
  private static final double NANOS_PER_MILLI = 1e6;
  private static final int DECIMALS = 1000;

  /** As many digits as a double holds exactly, and the point. */
  private static final int LONGEST_PLAIN = 16;

  private static final double[] TENS = new double[LONGEST_PLAIN];

  static {
    double power = 1;
    for (int index = 0; index < TENS.length; index++) {
      TENS[index] = power;
      power *= 10;
    }
  }

  /** A load whose share of the processors nobody asks for. */
  public LoadReport(int inFlight, long queueNanos, double busyShare) {
    this(inFlight, queueNanos, busyShare, 0);
  }

  /** {@code TEXT key=value, key=value}. */
  public String asText() {
    StringBuilder text = new StringBuilder(128).append(TEXT).append(BUSY_SHARE).append('=');
    number(text, busyShare).append(NEXT).append(CPU_SHARE).append('=');
    number(text, cpuShare).append(NEXT).append(NAMED_IN_FLIGHT).append('=').append(inFlight);
    text.append(NEXT).append(NAMED_QUEUE_MILLIS).append('=');
    return number(text, queueNanos / NANOS_PER_MILLI).toString();
  }

  /** {@code JSON {...}}. */
  public String asJson() {
    StringBuilder json = new StringBuilder(144).append(JSON).append(" {\"");
    number(json.append(BUSY_SHARE).append("\":"), busyShare).append(",\"");
    number(json.append(CPU_SHARE).append("\":"), cpuShare).append(",\"");
    json.append(NAMED).append("\":{\"").append(IN_FLIGHT).append("\":").append(inFlight);
    json.append(",\"").append(QUEUE_MILLIS).append("\":");
    return number(json, queueNanos / NANOS_PER_MILLI).append("}}").toString();
  }

  /** Three decimals, without what a formatter costs; what is no number is 0. */
  private static StringBuilder number(StringBuilder to, double value) {
    long thousandths = Math.round(Math.max(0, value) * DECIMALS);
    long fraction = thousandths % DECIMALS;
    to.append(thousandths / DECIMALS);
    if (fraction != 0) {
      to.append('.').append((char) ('0' + fraction / 100));
      to.append((char) ('0' + fraction / 10 % 10)).append((char) ('0' + fraction % 10));
    }
    return to;
  }

  /**
   * Reads the header in its text form.
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
    double cpu = 0;
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
      if (is(header, at, length, NAMED_IN_FLIGHT)) {
        inFlight = number(header, equals + 1, end);
      } else if (is(header, at, length, NAMED_QUEUE_MILLIS)) {
        queueMillis = number(header, equals + 1, end);
      } else if (is(header, at, length, BUSY_SHARE)) {
        busy = number(header, equals + 1, end);
      } else if (is(header, at, length, CPU_SHARE)) {
        cpu = number(header, equals + 1, end);
      }
      at = end + 1;
    }
    boolean sound = inFlight >= 0 && queueMillis >= 0 && busy >= 0 && cpu >= 0;
    return sound
        ? new LoadReport(
            (int) Math.min(inFlight, MOST),
            Math.round(Math.min(queueMillis, MOST) * NANOS_PER_MILLI),
            busy,
            cpu)
        : null;
  }

  private static boolean is(String header, int at, int length, String name) {
    return length == name.length() && header.startsWith(name, at);
  }

  /** NaN, which no comparison lets pass, where there is no number. */
  private static double number(String header, int from, int to) {
    double plain = plainNumber(header, from, to);
    if (plain >= 0) {
      return plain;
    }
    try {
      return Double.parseDouble(header.substring(from, to));
    } catch (NumberFormatException malformed) {
      return Double.NaN;
    }
  }

  /** A number of a few digits, read without a string of its own; -1 for any other. */
  private static double plainNumber(String header, int from, int to) {
    if (to == from || to - from > LONGEST_PLAIN) {
      return -1;
    }
    long value = 0;
    int point = -1;
    for (int at = from; at < to; at++) {
      char letter = header.charAt(at);
      if (letter >= '0' && letter <= '9') {
        value = 10 * value + (letter - '0');
      } else if (letter == '.' && point < 0 && at > from && at + 1 < to) {
        point = at;
      } else {
        return -1;
      }
    }
    // Two numbers that a double holds exactly, divided once: the nearest one.
    return point < 0 ? value : value / TENS[to - point - 1];
  }
}
