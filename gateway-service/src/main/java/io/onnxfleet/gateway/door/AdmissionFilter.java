package io.onnxfleet.gateway.door;

import io.onnxfleet.contract.api.ApiPaths;
import io.onnxfleet.contract.api.ErrorCode;
import io.onnxfleet.gateway.admission.ConcurrencyLimiter;
import io.onnxfleet.gateway.failure.GatewayException;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.stereotype.Component;
import org.springframework.web.server.ServerWebExchange;
import org.springframework.web.server.WebFilter;
import org.springframework.web.server.WebFilterChain;
import reactor.core.publisher.Mono;

/**
 * Refuses API requests above the gateway's concurrency before anything is read or routed. Health
 * checks and management always pass: an overloaded gateway is alive.
 */
@Component
@Order(Ordered.HIGHEST_PRECEDENCE + 20)
final class AdmissionFilter implements WebFilter {

  private final ConcurrencyLimiter limiter;

  AdmissionFilter(ConcurrencyLimiter limiter) {
    this.limiter = limiter;
  }

  @Override
  public Mono<Void> filter(ServerWebExchange exchange, WebFilterChain chain) {
    String path = exchange.getRequest().getURI().getRawPath();
    if (path.startsWith("/actuator") || ApiPaths.isHealth(path)) {
      return chain.filter(exchange);
    }
    // The place is taken on subscription and given back before completion is told, so that whoever
    // waits for the answer finds it free.
    return Mono.using(this::acquire, place -> chain.filter(exchange), ConcurrencyLimiter::release);
  }

  private ConcurrencyLimiter acquire() {
    if (!limiter.tryAcquire()) {
      throw new GatewayException(
          ErrorCode.GATEWAY_OVERLOADED,
          "the gateway has " + limiter.limit() + " requests under way (expected: fewer)");
    }
    return limiter;
  }
}
