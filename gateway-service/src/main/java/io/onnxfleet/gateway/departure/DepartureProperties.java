package io.onnxfleet.gateway.departure;

import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * How a stopping gateway takes its leave.
 *
 * @param notice how long it still answers, each answer being the last of its connection; 0 to 20 s
 */
@ConfigurationProperties(prefix = "fleet.gateway.departure", ignoreUnknownFields = false)
public record DepartureProperties(@DefaultValue("5s") Duration notice) {

  /** Within what Spring gives each phase of a stop. */
  private static final Duration MOST = Duration.ofSeconds(20);

  public DepartureProperties {
    if (notice.isNegative() || notice.compareTo(MOST) > 0) {
      throw new IllegalArgumentException(
          "fleet.gateway.departure.notice: " + notice + " (expected: 0s to 20s)");
    }
  }
}
