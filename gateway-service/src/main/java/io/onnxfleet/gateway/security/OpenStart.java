package io.onnxfleet.gateway.security;

import java.net.InetAddress;
import java.net.UnknownHostException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.boot.context.event.ApplicationReadyEvent;
import org.springframework.context.event.EventListener;
import org.springframework.core.env.Environment;
import org.springframework.security.web.server.WebFilterChainProxy;
import org.springframework.stereotype.Component;

/** Says loudly that a gateway which others can reach asks nobody for credentials. */
@Component
final class OpenStart {

  private static final Logger LOGGER = LoggerFactory.getLogger(OpenStart.class);

  private final Environment environment;
  private final ObjectProvider<WebFilterChainProxy> chains;

  OpenStart(Environment environment, ObjectProvider<WebFilterChainProxy> chains) {
    this.environment = environment;
    this.chains = chains;
  }

  @EventListener(ApplicationReadyEvent.class)
  void ready() {
    String address = environment.getProperty("server.address", "");
    boolean asksForCertificates =
        "need".equalsIgnoreCase(environment.getProperty("server.ssl.client-auth", ""));
    if (chains.stream().findAny().isEmpty() && !asksForCertificates && !isLoopback(address)) {
      LOGGER.warn(
          """

          **********************************************************************************
          THIS GATEWAY IS OPEN: it listens on {} and asks nobody for credentials.
          Whoever reaches it may use every model. Give it keys (`./fleet key NAME` makes one,
          fleet.gateway.security.keys names their file), an issuer of tokens, or a network
          that lets in only callers whom you trust: docs/security.md.
          **********************************************************************************""",
          address.isEmpty() ? "all addresses" : address);
    }
  }

  private static boolean isLoopback(String address) {
    try {
      return !address.isEmpty() && InetAddress.getByName(address).isLoopbackAddress();
    } catch (UnknownHostException unknown) {
      return false;
    }
  }
}
