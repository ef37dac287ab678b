package io.onnxfleet.jobs.configuration;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.context.properties.bind.DefaultValue;

/**
 * Who is told when a batch, or a single request that was a job, ends.
 *
 * @param endpoints by a name of yours: {@code endpoints.NAME.url} (https, or http), {@code
 *     .secrets} (each {@code whsec_} and 24 to 64 bytes in Base64) or {@code .secret-file} (one on
 *     each line), {@code .events} (none: all), {@code .owners} (whose jobs, {@code *} for any
 *     characters; {@code *} unless set)
 * @param privateNetworks that endpoints may be in though they are not public, such as {@code
 *     10.0.0.0/8}
 * @param bundle the SSL bundle whose authorities sign the endpoints' certificates; empty: the JVM's
 * @param timeout of one try, from the connection to the end of the answer's head
 * @param retryPauses before each further try; after the last one the delivery is given up
 * @param concurrentDeliveries that one process tries at a time, half of them of one endpoint
 */
public record WebhookProperties(
    @DefaultValue Map<String, Endpoint> endpoints,
    @DefaultValue List<String> privateNetworks,
    @DefaultValue("") String bundle,
    @DefaultValue("15s") Duration timeout,
    @DefaultValue({"5s", "5m", "30m", "2h", "5h", "10h", "14h", "20h", "24h"})
        List<Duration> retryPauses,
    @DefaultValue("8") int concurrentDeliveries) {
  private static final String PREFIX = "webhooks.";

  /**
   * Where to, and of what.
   *
   * @param url to be posted to
   * @param secrets that each sign
   * @param secretFile with more of them, one on each line, read at the start
   * @param events of which it is told; none: of all
   * @param owners whose jobs it is told of
   */
  public record Endpoint(
      @DefaultValue("") String url,
      @DefaultValue List<String> secrets,
      @Nullable Path secretFile,
      @DefaultValue List<String> events,
      @DefaultValue("*") List<String> owners) {

    /** Copies the lists. */
    public Endpoint {
      secrets = List.copyOf(secrets);
      events = List.copyOf(events);
      owners = List.copyOf(owners);
    }

    /** Without the secrets, which must not end up in a log, and the URL, which may have one. */
    @Override
    public String toString() {
      return "Endpoint[secretFile="
          + secretFile
          + ", events="
          + events
          + ", owners="
          + owners
          + "]";
    }
  }

  /** Copies what it is given. */
  public WebhookProperties {
    endpoints = Map.copyOf(endpoints);
    privateNetworks = List.copyOf(privateNetworks);
    retryPauses = List.copyOf(retryPauses);
    JobsProperties.require(timeout.toMillis() >= 1, PREFIX + "timeout", timeout, ">= 1ms");
    JobsProperties.require(
        retryPauses.stream().noneMatch(Duration::isNegative),
        PREFIX + "retry-pauses",
        retryPauses,
        ">= 0");
    JobsProperties.require(
        concurrentDeliveries >= 1, PREFIX + "concurrent-deliveries", concurrentDeliveries, ">= 1");
  }
}
