package io.onnxfleet.benchmarks.stored;

import io.onnxfleet.testing.model.StoredTensor;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * How far an answer is from what was stored.
 *
 * @param worst the largest difference of two reals over what is allowed; above 1 they disagree
 * @param difference the first difference that is not allowed, or null
 */
record Agreement(double worst, @Nullable String difference) {
  static final Agreement WHOLE = new Agreement(0, null);

  /**
   * What two reals may differ by.
   *
   * @param relative to the stored one
   */
  record Tolerance(double relative, double absolute) {
    double allowed(double expected) {
      return absolute + relative * Math.abs(expected);
    }
  }

  boolean agrees() {
    return difference == null;
  }

  Agreement and(Agreement other) {
    return new Agreement(
        Math.max(worst, other.worst), difference == null ? other.difference : difference);
  }

  static Agreement disagreement(String difference) {
    return new Agreement(Double.POSITIVE_INFINITY, difference);
  }

  /** Of two lists of {@link StoredTensor#elements}. */
  static Agreement of(List<Object> actual, List<Object> expected, Tolerance tolerance) {
    if (actual.size() != expected.size()) {
      return disagreement("%d elements (expected %d)".formatted(actual.size(), expected.size()));
    }
    Agreement all = WHOLE;
    for (int index = 0; index < actual.size() && all.agrees(); index++) {
      all = all.and(of("element " + index, actual.get(index), expected.get(index), tolerance));
    }
    return all;
  }

  static Agreement of(String what, Object actual, Object expected, Tolerance tolerance) {
    if (Objects.equals(actual, expected)) {
      return WHOLE;
    }
    String told = "%s: %s (expected %s)".formatted(what, actual, expected);
    if (!(actual instanceof Double a && expected instanceof Double e)) {
      return disagreement(told);
    }
    double distance = Math.abs(a - e) / tolerance.allowed(e);
    return distance <= 1 ? new Agreement(distance, null) : new Agreement(distance, told);
  }
}
