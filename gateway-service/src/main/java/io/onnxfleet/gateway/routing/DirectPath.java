package io.onnxfleet.gateway.routing;

import io.onnxfleet.gateway.admission.AdmissionFilter;
import io.onnxfleet.gateway.observability.RequestTraceFilter;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.ListableBeanFactory;
import org.springframework.cloud.gateway.config.GatewayProperties;
import org.springframework.cloud.gateway.filter.GlobalFilter;
import org.springframework.cloud.gateway.route.RouteDefinitionLocator;
import org.springframework.cloud.gateway.route.RouteLocator;
import org.springframework.http.codec.ServerCodecConfigurer;
import org.springframework.http.server.reactive.HttpHandler;
import org.springframework.http.server.reactive.HttpHandlerDecoratorFactory;
import org.springframework.http.server.reactive.ServerHttpRequest;
import org.springframework.http.server.reactive.ServerHttpResponse;
import org.springframework.stereotype.Component;
import org.springframework.web.server.ServerWebExchange;
import org.springframework.web.server.WebFilter;
import org.springframework.web.server.WebFilterChain;
import org.springframework.web.server.WebSession;
import org.springframework.web.server.adapter.DefaultServerWebExchange;
import org.springframework.web.server.i18n.AcceptHeaderLocaleContextResolver;
import org.springframework.web.server.i18n.LocaleContextResolver;
import org.springframework.web.server.session.WebSessionManager;
import reactor.core.publisher.Mono;

/**
 * Takes calls of the API from the server straight to the gateway's own filters: no handler mapping,
 * no route predicates, no observation, which together cost more than the call itself.
 *
 * <p>Only as long as nothing is left out by that: a web filter, a global filter or a route of
 * somebody else (security, say) switches it off, and the log says which. Stateless.
 */
@Component
final class DirectPath implements HttpHandlerDecoratorFactory {

  private static final Logger LOGGER = LoggerFactory.getLogger(DirectPath.class);

  private static final String FRAMEWORK = "org.springframework.cloud.gateway.";

  private static final Set<Class<?>> OWN_FILTERS =
      Set.of(RequestTraceFilter.class, AdmissionFilter.class, RoutingFilter.class);

  /** The gateway's one route, and where the framework keeps and finds routes, none by default. */
  private static final Set<String> OWN_ROUTES =
      Set.of(
          "fleetRoutes",
          "cachedCompositeRouteLocator",
          "routeDefinitionRouteLocator",
          "routeDefinitionLocator",
          "propertiesRouteDefinitionLocator",
          "inMemoryRouteDefinitionRepository");

  private static final WebSessionManager NO_SESSIONS = exchange -> Mono.<WebSession>empty();
  private static final LocaleContextResolver LOCALES = new AcceptHeaderLocaleContextResolver();

  private final ListableBeanFactory beans;
  private final RoutingProperties properties;

  DirectPath(ListableBeanFactory beans, RoutingProperties properties) {
    this.beans = beans;
    this.properties = properties;
  }

  @Override
  public HttpHandler apply(HttpHandler usual) {
    if (!properties.direct()) {
      return usual;
    }
    List<String> others = others();
    if (!others.isEmpty()) {
      LOGGER.info("calls take the usual way through all filters, because of {}", others);
      return usual;
    }
    RequestTraceFilter trace = beans.getBean(RequestTraceFilter.class);
    AdmissionFilter admission = beans.getBean(AdmissionFilter.class);
    RoutingFilter routing = beans.getBean(RoutingFilter.class);
    ServerCodecConfigurer codecs = ServerCodecConfigurer.create();
    WebFilterChain route = exchange -> routing.filter(exchange, DirectPath::nothing);
    WebFilterChain admitted = exchange -> admission.filter(exchange, route);
    return (request, response) ->
        isApi(request)
            ? trace.filter(exchange(request, response, codecs), admitted).then(ended(response))
            : usual.handle(request, response);
  }

  private static DefaultServerWebExchange exchange(
      ServerHttpRequest request, ServerHttpResponse response, ServerCodecConfigurer codecs) {
    return new DefaultServerWebExchange(request, response, NO_SESSIONS, codecs, LOCALES);
  }

  /** An answer without a body is not sent before somebody says that it is complete. */
  private static Mono<Void> ended(ServerHttpResponse response) {
    return Mono.defer(response::setComplete);
  }

  private static Mono<Void> nothing(ServerWebExchange exchange) {
    return Mono.empty();
  }

  /** What {@code fleetRoutes} would match. */
  private static boolean isApi(ServerHttpRequest request) {
    String path = request.getURI().getRawPath();
    return path.startsWith("/v2/")
        || path.startsWith("/v1/")
        || path.equals("/v2")
        || path.equals("/v1");
  }

  private List<String> others() {
    List<String> others = new ArrayList<>();
    Stream.of(WebFilter.class, GlobalFilter.class)
        .flatMap(type -> beans.getBeansOfType(type).values().stream())
        .map(Object::getClass)
        .filter(type -> !OWN_FILTERS.contains(type) && !type.getName().startsWith(FRAMEWORK))
        .map(Class::getName)
        .forEach(others::add);
    beans
        .getBeanProvider(GatewayProperties.class)
        .ifAvailable(
            gateway -> {
              gateway.getRoutes().forEach(route -> others.add("route " + route.getId()));
              gateway
                  .getDefaultFilters()
                  .forEach(filter -> others.add("default filter " + filter.getName()));
            });
    Stream.of(RouteLocator.class, RouteDefinitionLocator.class)
        .flatMap(type -> Stream.of(beans.getBeanNamesForType(type)))
        .filter(name -> !OWN_ROUTES.contains(name))
        .forEach(name -> others.add("routes of " + name));
    return others;
  }
}
