package io.onnxfleet.configuration;

import io.onnxfleet.contract.fleet.FleetSecret;
import java.io.IOException;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpRequest;
import org.springframework.http.client.ClientHttpRequestExecution;
import org.springframework.http.client.ClientHttpRequestInterceptor;
import org.springframework.http.client.ClientHttpResponse;

/**
 * Shows the registry that its client is of the fleet. A header, not a part of the address, which
 * the client logs.
 */
public final class RegistryCredentials implements ClientHttpRequestInterceptor {

  private final @Nullable FleetSecret secret;

  /**
   * Shows what is made of the secret.
   *
   * @param secret null where the fleet has none
   */
  public RegistryCredentials(@Nullable FleetSecret secret) {
    this.secret = secret;
  }

  @Override
  public ClientHttpResponse intercept(
      HttpRequest request, byte[] body, ClientHttpRequestExecution execution) throws IOException {
    if (secret != null) {
      request.getHeaders().setBasicAuth(FleetSecret.REGISTRY_USER, secret.registryPassword());
    }
    return execution.execute(request, body);
  }
}
