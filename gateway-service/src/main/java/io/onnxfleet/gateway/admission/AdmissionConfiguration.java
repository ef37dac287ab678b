package io.onnxfleet.gateway.admission;

import io.micrometer.core.instrument.MeterRegistry;
import io.onnxfleet.gateway.fleet.FleetWatch;
import io.onnxfleet.gateway.security.SecurityProperties;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import reactor.core.scheduler.Scheduler;
import reactor.core.scheduler.Schedulers;

/** Wires the gateway's bounds. */
@Configuration(proxyBeanMethods = false)
class AdmissionConfiguration {

  private static final Logger LOGGER = LoggerFactory.getLogger(AdmissionConfiguration.class);

  /**
   * Above a third the collector would work all the time: what is kept lies where old objects do.
   */
  private static final int LEAST_PARTS_OF_HEAP = 3;

  private static final int PARTS_OF_HEAP = 4;

  private static final int PARSING_THREADS = 2;
  private static final int MOST_WAITING_TO_BE_PARSED = 1024;

  @Bean
  ConcurrencyLimiter concurrencyLimiter(AdmissionProperties properties) {
    return new ConcurrencyLimiter(properties.maxConcurrentRequests());
  }

  @Bean
  ByteBudget keptBodies(AdmissionProperties properties) {
    long heap = Runtime.getRuntime().maxMemory();
    long configured = properties.keptBodies().toBytes();
    long most = heap / LEAST_PARTS_OF_HEAP;
    if (configured > most) {
      LOGGER.warn(
          "fleet.gateway.admission.kept-bodies: {} bytes are taken as {} (expected: at most a third of the heap, {} bytes)",
          configured,
          most,
          heap);
    }
    return new ByteBudget(configured > 0 ? Math.min(configured, most) : heap / PARTS_OF_HEAP);
  }

  @Bean
  ModelAdmission modelAdmission(
      LimitProperties properties,
      SecurityProperties security,
      MeterRegistry registry,
      FleetWatch watch) {
    if (!properties.callerHeader().isEmpty() && security.trustedProxies().isEmpty()) {
      throw new IllegalArgumentException(
          "fleet.gateway.limits.caller-header: '"
              + properties.callerHeader()
              + "' (expected: fleet.gateway.security.trusted-proxies too, which may set it)");
    }
    ModelAdmission admission =
        new ModelAdmission(
            properties,
            () -> new TargetLatencyLimit(properties),
            new AdmissionMetrics(registry),
            System::nanoTime,
            Schedulers.parallel());
    watch.onChange(fleet -> admission.retain(fleet::knows));
    return admission;
  }

  /**
   * Where bodies of more than a few KB are decompressed and parsed: few threads, for other requests
   * wait for the event loops.
   */
  @Bean(destroyMethod = "dispose")
  Scheduler parsing() {
    return Schedulers.newBoundedElastic(PARSING_THREADS, MOST_WAITING_TO_BE_PARSED, "parsing");
  }
}
