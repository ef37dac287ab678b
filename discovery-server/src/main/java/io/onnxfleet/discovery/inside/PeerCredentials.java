package io.onnxfleet.discovery.inside;

import io.onnxfleet.contract.fleet.FleetSecret;
import jakarta.ws.rs.client.ClientRequestContext;
import jakarta.ws.rs.client.ClientRequestFilter;
import jakarta.ws.rs.core.HttpHeaders;
import java.nio.charset.StandardCharsets;
import java.util.Base64;

/**
 * Shows another registry that this one is of the fleet. A header, not a part of the address, which
 * is logged.
 */
final class PeerCredentials implements ClientRequestFilter {

  private final String credentials;

  PeerCredentials(FleetSecret secret) {
    String pair = FleetSecret.REGISTRY_USER + ":" + secret.registryPassword();
    this.credentials =
        "Basic " + Base64.getEncoder().encodeToString(pair.getBytes(StandardCharsets.UTF_8));
  }

  @Override
  public void filter(ClientRequestContext request) {
    request.getHeaders().putSingle(HttpHeaders.AUTHORIZATION, credentials);
  }
}
