package io.onnxfleet.inference.inside;

import io.onnxfleet.contract.fleet.FleetSecret;
import java.io.IOException;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpMethod;
import org.springframework.http.HttpRequest;
import org.springframework.http.client.ClientHttpRequestExecution;
import org.springframework.http.client.ClientHttpRequestInterceptor;
import org.springframework.http.client.ClientHttpResponse;

/**
 * Sees what the registry's client sends: shows the registry that it comes from the fleet, by a
 * header and not by a part of the address, which the client logs; and remembers whether the
 * registry ever took this replica in. Thread-safe.
 */
public final class RegistryRequests implements ClientHttpRequestInterceptor {
  private final @Nullable FleetSecret secret;
  private volatile boolean taken;
  private volatile String lastRefusal = "";

  RegistryRequests(@Nullable FleetSecret secret) {
    this.secret = secret;
  }

  @Override
  public ClientHttpResponse intercept(
      HttpRequest request, byte[] body, ClientHttpRequestExecution execution) throws IOException {
    if (secret != null) {
      request.getHeaders().setBasicAuth(FleetSecret.REGISTRY_USER, secret.registryPassword());
    }
    // A registration is the client's one POST.
    boolean registers = HttpMethod.POST.equals(request.getMethod());
    try {
      ClientHttpResponse answer = execution.execute(request, body);
      if (registers) {
        if (answer.getStatusCode().is2xxSuccessful()) {
          taken = true;
        } else {
          refused("the registry answered " + answer.getStatusCode().value());
        }
      }
      return answer;
    } catch (IOException failure) {
      if (registers) {
        refused(String.valueOf(failure.getMessage()));
      }
      throw failure;
    }
  }

  private void refused(String why) {
    lastRefusal = why;
  }

  /** Whether the registry ever took this replica in. A registry that is away changes nothing. */
  public boolean isTaken() {
    return taken;
  }

  /** Why the last registration failed; empty if none did. */
  public String lastRefusal() {
    return lastRefusal;
  }
}
