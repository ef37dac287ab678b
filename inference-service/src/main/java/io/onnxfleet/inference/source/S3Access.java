package io.onnxfleet.inference.source;

import java.net.URI;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * How object stores are reached.
 *
 * @param endpoint of a store that is not Amazon's, or null
 * @param region that requests are signed for
 * @param pathStyle whether the bucket is in the path instead of the host's name; if not set, where
 *     there is an endpoint
 */
public record S3Access(
    @Nullable URI endpoint, @DefaultValue("us-east-1") String region, @Nullable Boolean pathStyle) {
  public S3Access {
    if (endpoint != null && endpoint.getHost() == null) {
      throw new IllegalArgumentException(
          "fleet.inference.s3.endpoint: %s (expected: http://... or https://...)"
              .formatted(endpoint));
    }
  }

  boolean isPathStyle() {
    return pathStyle == null ? endpoint != null : pathStyle;
  }
}
