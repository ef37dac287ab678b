package io.onnxfleet.gateway.security.chain;

import java.util.List;
import org.springframework.core.annotation.Order;
import org.springframework.security.web.server.SecurityWebFilterChain;
import org.springframework.security.web.server.WebFilterChainProxy;
import org.springframework.security.web.server.firewall.ServerWebExchangeFirewall;
import org.springframework.web.server.ServerWebExchange;
import org.springframework.web.server.WebFilterChain;
import reactor.core.publisher.Mono;

/**
 * Spring Security's filter where the fleet's chain is the only one. There is nothing to choose
 * then, and choosing costs several times what a look at a key does. As soon as there is another
 * chain, or somebody sets a firewall or a decorator, it is what its superclass is. Safe for use by
 * many threads once it is set up.
 */
@Order(FleetChainProxy.ORDER)
public final class FleetChainProxy extends WebFilterChainProxy {

  /** That of Spring Security's own. */
  static final int ORDER = -100;

  private final AuthenticationFilter only;
  private boolean direct;

  FleetChainProxy(FleetSecurityChain fleet, List<SecurityWebFilterChain> all) {
    super(all);
    this.only = fleet.filter();
    this.direct = all.equals(List.of(fleet));
    super.setFirewall(ServerWebExchangeFirewall.INSECURE_NOOP);
  }

  @Override
  public void setFirewall(ServerWebExchangeFirewall firewall) {
    direct &= firewall.equals(ServerWebExchangeFirewall.INSECURE_NOOP);
    super.setFirewall(firewall);
  }

  @Override
  public void setFilterChainDecorator(WebFilterChainDecorator decorator) {
    direct = false;
    super.setFilterChainDecorator(decorator);
  }

  @Override
  public Mono<Void> filter(ServerWebExchange exchange, WebFilterChain chain) {
    return direct ? only.filter(exchange, chain) : super.filter(exchange, chain);
  }
}
