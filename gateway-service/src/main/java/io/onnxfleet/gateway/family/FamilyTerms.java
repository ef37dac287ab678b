package io.onnxfleet.gateway.family;

import io.onnxfleet.contract.api.ErrorCode;
import io.onnxfleet.contract.api.HeaderNames;
import io.onnxfleet.gateway.failure.GatewayException;
import java.util.concurrent.TimeUnit;
import org.springframework.http.HttpHeaders;

/**
 * What a request demands of whichever variant answers it.
 *
 * @param budgetNanos that the answer should take at most; {@link #NO_BUDGET} if that does not
 *     matter. Unlike a deadline it ends nothing: it decides who answers
 * @param minQuality 0 to 1
 */
record FamilyTerms(long budgetNanos, double minQuality) {

  static final long NO_BUDGET = Long.MAX_VALUE;

  private static final double MOST_MILLIS = TimeUnit.DAYS.toMillis(1);

  /** Whether the request speaks of a choice at all. */
  static boolean areIn(HttpHeaders headers) {
    return headers.containsHeader(HeaderNames.LATENCY_BUDGET_MILLIS)
        || headers.containsHeader(HeaderNames.MIN_QUALITY);
  }

  static FamilyTerms read(HttpHeaders headers) {
    String budget = headers.getFirst(HeaderNames.LATENCY_BUDGET_MILLIS);
    String quality = headers.getFirst(HeaderNames.MIN_QUALITY);
    return new FamilyTerms(
        budget == null ? NO_BUDGET : budgetNanos(budget),
        quality == null ? 0 : number(HeaderNames.MIN_QUALITY, quality, 1, "0 to 1"));
  }

  boolean hasBudget() {
    return budgetNanos != NO_BUDGET;
  }

  private static long budgetNanos(String given) {
    String expected = "milliseconds, more than 0, at most " + (long) MOST_MILLIS;
    double millis = number(HeaderNames.LATENCY_BUDGET_MILLIS, given, MOST_MILLIS, expected);
    if (millis == 0) {
      throw malformed(HeaderNames.LATENCY_BUDGET_MILLIS, given, expected);
    }
    return (long) (millis * TimeUnit.MILLISECONDS.toNanos(1));
  }

  private static double number(String header, String given, double most, String expected) {
    try {
      double value = Double.parseDouble(given.strip());
      if (value >= 0 && value <= most) {
        return value;
      }
    } catch (NumberFormatException noNumber) {
      // Told below.
    }
    throw malformed(header, given, expected);
  }

  private static GatewayException malformed(String header, String given, String expected) {
    return new GatewayException(
        ErrorCode.MALFORMED_REQUEST, header + ": '" + given + "' (expected: " + expected + ")");
  }
}
