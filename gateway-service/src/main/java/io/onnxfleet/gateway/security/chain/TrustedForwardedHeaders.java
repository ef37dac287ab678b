package io.onnxfleet.gateway.security.chain;

import io.onnxfleet.gateway.network.Networks;
import java.net.InetAddress;
import org.springframework.http.server.reactive.ServerHttpRequest;
import org.springframework.web.server.adapter.ForwardedHeaderTransformer;

/**
 * Takes what {@code Forwarded} and {@code X-Forwarded-*} say for a request's own, but only from
 * trusted proxies, if any are named; from others these headers are removed. Stateless.
 */
final class TrustedForwardedHeaders extends ForwardedHeaderTransformer {

  private final Networks proxies;
  private final ForwardedHeaderTransformer removing = new ForwardedHeaderTransformer();

  TrustedForwardedHeaders(Networks proxies) {
    this.proxies = proxies;
    removing.setRemoveOnly(true);
  }

  @Override
  public ServerHttpRequest apply(ServerHttpRequest request) {
    if (proxies.isEmpty()) {
      return super.apply(request);
    }
    InetAddress peer = CallerAddresses.peerAddress(request);
    return peer != null && proxies.contains(peer) ? super.apply(request) : removing.apply(request);
  }
}
