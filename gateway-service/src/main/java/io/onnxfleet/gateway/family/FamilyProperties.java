package io.onnxfleet.gateway.family;

import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * How the gateway chooses among the variants of a family.
 *
 * @param pressure the share of a request's latency budget that a variant's forecast may take; above
 *     0, up to 1. The forecast is of nine answers in ten: what is left is for the tenth
 * @param hold how long a variant that broke the budget is not used at least; 0 or more
 * @param firstRetry when it is tried again although as many requests come as broke it; at least
 *     {@code hold}. Doubles with each try that fails
 * @param lastRetry the most of that time; at least {@code first-retry}
 */
@ConfigurationProperties(prefix = "fleet.gateway.families", ignoreUnknownFields = false)
public record FamilyProperties(
    @DefaultValue("0.6") double pressure,
    @DefaultValue("1s") Duration hold,
    @DefaultValue("5s") Duration firstRetry,
    @DefaultValue("1m") Duration lastRetry) {

  public FamilyProperties {
    require(pressure > 0 && pressure <= 1, "pressure", pressure, "above 0, up to 1");
    require(!hold.isNegative(), "hold", hold, ">= 0s");
    require(firstRetry.compareTo(hold) >= 0, "first-retry", firstRetry, ">= hold, " + hold);
    require(
        lastRetry.compareTo(firstRetry) >= 0,
        "last-retry",
        lastRetry,
        ">= first-retry, " + firstRetry);
  }

  private static void require(boolean holds, String key, Object value, String expected) {
    if (!holds) {
      throw new IllegalArgumentException(
          "fleet.gateway.families." + key + ": " + value + " (expected: " + expected + ")");
    }
  }
}
