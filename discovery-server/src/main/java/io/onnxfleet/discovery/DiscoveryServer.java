package io.onnxfleet.discovery;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.cloud.netflix.eureka.server.EnableEurekaServer;
import org.springframework.context.annotation.Bean;

/**
 * The Eureka registry in which replicas and gateways find each other, with its page at {@code /}.
 *
 * <p>Everything it knows is in memory and comes back from the clients' renewals within seconds, so
 * it may be restarted at any time. All tuning is in {@code application.yml}.
 */
@SpringBootApplication
@EnableEurekaServer
public class DiscoveryServer {

  private static final Logger LOGGER = LoggerFactory.getLogger(DiscoveryServer.class);

  @Bean
  static RegistryLog registryLog() {
    return new RegistryLog(LOGGER::info, System::nanoTime);
  }

  public static void main(String[] arguments) {
    SpringApplication.run(DiscoveryServer.class, arguments);
  }
}
