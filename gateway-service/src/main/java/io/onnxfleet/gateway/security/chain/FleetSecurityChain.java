package io.onnxfleet.gateway.security.chain;

import org.springframework.security.web.server.SecurityWebFilterChain;
import org.springframework.web.server.ServerWebExchange;
import org.springframework.web.server.WebFilter;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** The fleet's security chain: one filter, for every request. Immutable. */
final class FleetSecurityChain implements SecurityWebFilterChain {

  private final AuthenticationFilter filter;

  FleetSecurityChain(AuthenticationFilter filter) {
    this.filter = filter;
  }

  AuthenticationFilter filter() {
    return filter;
  }

  @Override
  public Mono<Boolean> matches(ServerWebExchange exchange) {
    return Mono.just(true);
  }

  @Override
  public Flux<WebFilter> getWebFilters() {
    return Flux.just(filter);
  }
}
