package io.onnxfleet.gateway.cache;

import java.time.Duration;
import java.util.List;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;
import org.springframework.util.unit.DataSize;

/**
 * Which answers are kept.
 *
 * @param models whose answers are kept: names, in which {@code *} stands for any characters. Only
 *     models whose answer depends on nothing but the request. Empty: none
 * @param maxSize of all kept answers together; 0 or more
 * @param maxEntry of one kept answer; 0 or more
 * @param timeToLive after which an answer is asked for again; 1 ms or more
 * @param clientMaxAge for which clients and proxies may keep an answer; 0 or more
 */
@ConfigurationProperties(prefix = "fleet.gateway.cache", ignoreUnknownFields = false)
public record CacheProperties(
    @DefaultValue List<String> models,
    @DefaultValue("64MB") DataSize maxSize,
    @DefaultValue("1MB") DataSize maxEntry,
    @DefaultValue("10m") Duration timeToLive,
    @DefaultValue("1m") Duration clientMaxAge) {

  public CacheProperties {
    models = List.copyOf(models);
    require(!maxSize.isNegative(), "max-size", maxSize, ">= 0B");
    require(
        !maxEntry.isNegative() && maxEntry.toBytes() <= Integer.MAX_VALUE,
        "max-entry",
        maxEntry,
        "0B to 2047MB");
    require(timeToLive.toMillis() >= 1, "time-to-live", timeToLive, ">= 1ms");
    require(!clientMaxAge.isNegative(), "client-max-age", clientMaxAge, ">= 0s");
  }

  private static void require(boolean holds, String key, Object value, String expected) {
    if (!holds) {
      throw new IllegalArgumentException(
          "fleet.gateway.cache." + key + ": " + value + " (expected: " + expected + ")");
    }
  }
}
