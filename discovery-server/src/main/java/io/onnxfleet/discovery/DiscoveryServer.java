package io.onnxfleet.discovery;

import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.cloud.netflix.eureka.server.EnableEurekaServer;

/**
 * The Eureka registry in which replicas and gateways find each other, with its page at {@code /}.
 *
 * <p>Everything it knows is in memory and comes back from the clients' renewals within seconds, so
 * it may be restarted at any time. All tuning is in {@code application.yml}.
 */
@SpringBootApplication
@EnableEurekaServer
public class DiscoveryServer {

  public static void main(String[] arguments) {
    SpringApplication.run(DiscoveryServer.class, arguments);
  }
}
