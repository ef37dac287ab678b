package io.onnxfleet.jobs.webhook;

import com.github.kagkarlsson.scheduler.boot.config.DbSchedulerProperties;
import io.micrometer.core.instrument.MeterRegistry;
import io.onnxfleet.jobs.configuration.JobsProperties;
import io.onnxfleet.jobs.configuration.WebhookProperties;
import io.onnxfleet.jobs.network.AddressPolicy;
import io.onnxfleet.jobs.network.CheckedResolver;
import io.onnxfleet.jobs.network.Network;
import io.onnxfleet.jobs.observability.DatabaseNumbers;
import io.onnxfleet.jobs.store.Names;
import java.net.InetAddress;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.time.InstantSource;
import javax.net.ssl.SSLContext;
import javax.sql.DataSource;
import org.springframework.boot.ssl.SslBundles;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.jdbc.core.simple.JdbcClient;

/** Wires webhooks. */
@Configuration(proxyBeanMethods = false)
class WebhookConfiguration {
  private static final String NETWORKS = "fleet.jobs.webhooks.private-networks";

  @Bean
  Endpoints webhookEndpoints(JobsProperties properties) {
    return new Endpoints(properties.webhooks().endpoints());
  }

  @Bean
  DeliveryRecords deliveryRecords(JdbcClient database) {
    return new DeliveryRecords(database);
  }

  @Bean
  WebhookSender webhookSender(JobsProperties properties, SslBundles bundles, InstantSource clock)
      throws GeneralSecurityException {
    WebhookProperties webhooks = properties.webhooks();
    AddressPolicy policy =
        new AddressPolicy(
            webhooks.privateNetworks().stream()
                .map(network -> Network.parse(NETWORKS, network))
                .toList());
    return new WebhookSender(
        new CheckedResolver(InetAddress::getAllByName, policy, NETWORKS),
        webhooks.bundle().isBlank()
            ? SSLContext.getDefault()
            : bundles.getBundle(webhooks.bundle()).createSslContext(),
        webhooks.timeout(),
        webhooks.concurrentDeliveries(),
        clock);
  }

  /** Half of all places for one endpoint: one that does not answer leaves the others theirs. */
  @Bean
  DeliverySchedule deliverySchedule(
      DataSource source,
      DeliveryRecords records,
      Endpoints endpoints,
      WebhookSender sender,
      JobsProperties properties,
      MeterRegistry meters,
      DatabaseNumbers numbers,
      DbSchedulerProperties times,
      InstantSource clock) {
    WebhookProperties webhooks = properties.webhooks();
    DeliveryWork work =
        new DeliveryWork(
            records,
            endpoints,
            sender,
            webhooks.retryPauses(),
            Math.max(1, webhooks.concurrentDeliveries() / 2),
            new WebhookMeters(meters, records, numbers, endpoints.names()),
            clock,
            new SecureRandom());
    return new DeliverySchedule(source, work, webhooks.concurrentDeliveries(), times);
  }

  @Bean
  Webhooks webhooks(
      Endpoints endpoints,
      DeliveryRecords records,
      DeliverySchedule schedule,
      Names names,
      InstantSource clock) {
    return new Announcements(endpoints, records, schedule, names, clock);
  }
}
