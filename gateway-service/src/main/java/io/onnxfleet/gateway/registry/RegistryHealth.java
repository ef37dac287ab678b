package io.onnxfleet.gateway.registry;

import com.netflix.discovery.DiscoveryClient;
import com.netflix.discovery.EurekaClient;
import java.util.OptionalLong;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.springframework.aop.support.AopUtils;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.cloud.util.ProxyUtils;

/**
 * Whether this gateway ever heard of the registry. One that starts while the registry is away knows
 * no replica and is not ready, which this tells apart from a fleet without replicas. A registry
 * that goes away later changes nothing: the fleet that was known last is served.
 */
final class RegistryHealth implements HealthIndicator {

  private static final String NEVER = "the registry has not answered since this gateway started";

  private final Supplier<OptionalLong> sinceAnswerMillis;

  /**
   * Judges by the registry client.
   *
   * @param sinceAnswerMillis since the registry answered last; negative if it never did, empty
   *     where none is asked
   */
  RegistryHealth(Supplier<OptionalLong> sinceAnswerMillis) {
    this.sinceAnswerMillis = sinceAnswerMillis;
  }

  @Override
  public Health health() {
    OptionalLong since = sinceAnswerMillis.get();
    if (since.isEmpty()) {
      return Health.up().withDetail("registry", "none is asked").build();
    }
    return since.getAsLong() < 0
        ? Health.down().withDetail("registry", NEVER).build()
        : Health.up().withDetail("answeredMillisAgo", since.getAsLong()).build();
  }

  /** In milliseconds; negative if it never answered. The bean may be a proxy of the client. */
  static OptionalLong sinceAnswer(@Nullable EurekaClient client) {
    Object target = client;
    if (client != null && AopUtils.isAopProxy(client)) {
      target = ProxyUtils.getTargetObject(client);
    }
    return target instanceof DiscoveryClient known
        ? OptionalLong.of(known.getLastSuccessfulRegistryFetchTimePeriod())
        : OptionalLong.empty();
  }
}
