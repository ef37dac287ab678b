package io.onnxfleet.engine.repository.config.reading;

import java.util.Map;
import java.util.Optional;

/**
 * That a model does the same task as others, by parameters of its configuration: {@value #FAMILY},
 * {@value #QUALITY}, and optionally {@value #COMPARABLE} and {@value #COST}. Callers may then ask
 * for the family and leave the choice among its variants to the fleet.
 *
 * @param quality 0 to 1, on whatever scale the family's owner measures it
 * @param isComparable whether its vectors may stand beside those of the family's other comparable
 *     variants
 * @param costMillis what a row alone takes, until the fleet has seen it; 0 if that was not measured
 */
public record FamilyMembership(
    String family, double quality, boolean isComparable, double costMillis) {

  static final String FAMILY = "family";
  static final String QUALITY = "quality";
  static final String COMPARABLE = "comparable";
  static final String COST = "cost_ms";

  /** A day: more is a mistake. */
  private static final double MOST_MILLIS = 86_400_000;

  /**
   * That of a configuration with these parameters; empty where they name no family.
   *
   * @throws io.onnxfleet.engine.error.InferenceException if a value makes no sense
   */
  public static Optional<FamilyMembership> of(Map<String, String> parameters) {
    String family = parameters.getOrDefault(FAMILY, "").strip();
    if (family.isEmpty()) {
      return Optional.empty();
    }
    String quality = parameters.get(QUALITY);
    if (quality == null) {
      throw ConfigFailure.invalid(
          "parameters %s: missing (expected: 0 to 1, since it is of family '%s')", QUALITY, family);
    }
    String cost = parameters.getOrDefault(COST, "0");
    return Optional.of(
        new FamilyMembership(
            family,
            number(QUALITY, quality, 1),
            flag(parameters.getOrDefault(COMPARABLE, "false")),
            number(COST, cost, MOST_MILLIS)));
  }

  private static double number(String name, String value, double most) {
    try {
      double number = Double.parseDouble(value.strip());
      if (number >= 0 && number <= most) {
        return number;
      }
    } catch (NumberFormatException noNumber) {
      // Told below.
    }
    throw ConfigFailure.invalid("parameters %s: '%s' (expected: 0 to %.0f)", name, value, most);
  }

  private static boolean flag(String value) {
    return switch (value.strip()) {
      case "true" -> true;
      case "false" -> false;
      default ->
          throw ConfigFailure.invalid(
              "parameters %s: '%s' (expected: true or false)", COMPARABLE, value);
    };
  }
}
