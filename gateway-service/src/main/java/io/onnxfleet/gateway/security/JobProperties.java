package io.onnxfleet.gateway.security;

import java.time.Duration;
import java.util.List;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * How the gateway passes files, batches and jobs on to the job service.
 *
 * @param serviceName the registry's application name of the job service
 * @param connectTimeout to a job service; more than 0
 * @param timeout for the answer to begin once all of a request was sent, between two pieces of a
 *     body that the job service takes, and between two of its answer while the client takes them;
 *     more than 0
 * @param maxRequests under way to the job service at a time, uploads and downloads included; 1 or
 *     more. What is above is answered 429; the last quarter is for callers that have none under way
 * @param maxWaits results of jobs that are waited for at a time; 1 or more. What is above is
 *     answered 429
 * @param ownAddresses further hosts, or hosts with ports, at which the job service reaches this
 *     gateway, if that is told another one than the registry's
 */
@ConfigurationProperties(prefix = "fleet.gateway.jobs", ignoreUnknownFields = false)
public record JobProperties(
    @DefaultValue("job-service") String serviceName,
    @DefaultValue("1s") Duration connectTimeout,
    @DefaultValue("60s") Duration timeout,
    @DefaultValue("64") int maxRequests,
    @DefaultValue("256") int maxWaits,
    @DefaultValue List<String> ownAddresses) {

  public JobProperties {
    ownAddresses = List.copyOf(ownAddresses);
    require(!serviceName.isBlank(), "service-name", "''", "an application name");
    require(connectTimeout.toMillis() >= 1, "connect-timeout", connectTimeout, ">= 1ms");
    require(timeout.toMillis() >= 1, "timeout", timeout, ">= 1ms");
    require(maxRequests >= 1, "max-requests", maxRequests, ">= 1");
    require(maxWaits >= 1, "max-waits", maxWaits, ">= 1");
  }

  private static void require(boolean holds, String key, Object value, String expected) {
    if (!holds) {
      throw new IllegalArgumentException(
          "fleet.gateway.jobs." + key + ": " + value + " (expected: " + expected + ")");
    }
  }
}
