package io.onnxfleet.benchmarks.chaos.bar;

import java.math.BigDecimal;
import java.math.MathContext;
import org.jspecify.annotations.Nullable;

/**
 * One thing that must hold, and what was seen.
 *
 * @param isMet null if nothing is demanded: the figure is there for comparison
 */
public record Bar(String what, String expected, String measured, @Nullable Boolean isMet) {

  public static Bar atMost(String what, double most, double measured, String unit) {
    return new Bar(what, "<= " + number(most) + unit, number(measured) + unit, measured <= most);
  }

  public static Bar atLeast(String what, double least, double measured, String unit) {
    return new Bar(what, ">= " + number(least) + unit, number(measured) + unit, measured >= least);
  }

  public static Bar shown(String what, String measured) {
    return new Bar(what, "", measured, null);
  }

  boolean isMissed() {
    return Boolean.FALSE.equals(isMet);
  }

  String verdict() {
    return isMet == null ? "" : isMet ? "met" : "MISSED";
  }

  public static String number(double value) {
    if (Double.isNaN(value) || Double.isInfinite(value)) {
      return Double.toString(value);
    }
    return value == Math.rint(value)
        ? Long.toString((long) value)
        : BigDecimal.valueOf(value).round(new MathContext(3)).stripTrailingZeros().toPlainString();
  }
}
