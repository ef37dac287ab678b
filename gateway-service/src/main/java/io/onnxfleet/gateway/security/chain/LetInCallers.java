package io.onnxfleet.gateway.security.chain;

import org.springframework.core.annotation.Order;
import org.springframework.web.server.ServerWebExchange;
import org.springframework.web.server.WebFilter;
import org.springframework.web.server.WebFilterChain;
import reactor.core.publisher.Mono;

/**
 * Tells apart the callers that a team's own security chain let in: by the principal's name. It
 * comes after all security chains; the fleet's own has told the caller already. Stateless.
 */
@Order(0)
public final class LetInCallers implements WebFilter {

  private final Accesses accesses;

  LetInCallers(Accesses accesses) {
    this.accesses = accesses;
  }

  @Override
  public Mono<Void> filter(ServerWebExchange exchange, WebFilterChain chain) {
    if (Accesses.verified(exchange) != null) {
      return chain.filter(exchange);
    }
    return exchange
        .getPrincipal()
        .doOnNext(
            principal ->
                Accesses.attach(exchange, accesses.letIn(String.valueOf(principal.getName()))))
        .then(Mono.defer(() -> chain.filter(exchange)));
  }
}
