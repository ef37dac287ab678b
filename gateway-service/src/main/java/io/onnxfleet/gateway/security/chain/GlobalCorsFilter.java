package io.onnxfleet.gateway.security.chain;

import java.util.LinkedHashMap;
import org.jspecify.annotations.Nullable;
import org.springframework.cloud.gateway.config.GlobalCorsProperties;
import org.springframework.core.Ordered;
import org.springframework.core.annotation.Order;
import org.springframework.web.cors.reactive.CorsWebFilter;
import org.springframework.web.cors.reactive.UrlBasedCorsConfigurationSource;
import org.springframework.web.server.ServerWebExchange;
import org.springframework.web.server.WebFilter;
import org.springframework.web.server.WebFilterChain;
import reactor.core.publisher.Mono;

/**
 * Spring Cloud Gateway's {@code globalcors}, before credentials are asked for instead of after: a
 * browser sends none with its preflight, and reads a refusal only with these headers. Where nothing
 * is configured it does nothing. Stateless.
 */
@Order(Ordered.HIGHEST_PRECEDENCE + 15)
public final class GlobalCorsFilter implements WebFilter {

  private final @Nullable CorsWebFilter filter;

  GlobalCorsFilter(GlobalCorsProperties properties) {
    if (properties.getCorsConfigurations().isEmpty()) {
      filter = null;
      return;
    }
    UrlBasedCorsConfigurationSource source = new UrlBasedCorsConfigurationSource();
    source.setCorsConfigurations(new LinkedHashMap<>(properties.getCorsConfigurations()));
    filter = new CorsWebFilter(source);
  }

  @Override
  public Mono<Void> filter(ServerWebExchange exchange, WebFilterChain chain) {
    return filter == null ? chain.filter(exchange) : filter.filter(exchange, chain);
  }
}
