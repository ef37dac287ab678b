package io.onnxfleet.gateway.aggregate;

import java.time.Duration;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * How answers for the whole fleet are gathered.
 *
 * @param timeout for one replica's part; a replica that is slower is left out of the answer; at
 *     least 1 ms
 */
@ConfigurationProperties(prefix = "fleet.gateway.aggregate", ignoreUnknownFields = false)
public record AggregateProperties(@DefaultValue("3s") Duration timeout) {

  public AggregateProperties {
    if (timeout.toMillis() < 1) {
      throw new IllegalArgumentException(
          "fleet.gateway.aggregate.timeout: " + timeout + " (expected: >= 1ms)");
    }
  }
}
