package io.onnxfleet.gateway.door;

import io.onnxfleet.contract.api.ApiPaths;
import io.onnxfleet.gateway.routing.RoutingProperties;
import io.onnxfleet.gateway.security.chain.FleetChainProxy;
import io.onnxfleet.gateway.security.chain.GlobalCorsFilter;
import io.onnxfleet.gateway.security.chain.LetInCallers;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.aop.support.AopUtils;
import org.springframework.cloud.gateway.config.GatewayProperties;
import org.springframework.cloud.gateway.event.RefreshRoutesResultEvent;
import org.springframework.cloud.gateway.filter.GlobalFilter;
import org.springframework.cloud.gateway.route.Route;
import org.springframework.cloud.gateway.route.RouteDefinitionLocator;
import org.springframework.cloud.gateway.route.RouteLocator;
import org.springframework.context.ApplicationContext;
import org.springframework.context.event.EventListener;
import org.springframework.http.HttpStatus;
import org.springframework.http.server.reactive.HttpHandler;
import org.springframework.http.server.reactive.HttpHandlerDecoratorFactory;
import org.springframework.http.server.reactive.ServerHttpRequest;
import org.springframework.http.server.reactive.ServerHttpResponse;
import org.springframework.security.web.server.WebFilterChainProxy;
import org.springframework.stereotype.Component;
import org.springframework.web.cors.reactive.CorsWebFilter;
import org.springframework.web.reactive.function.server.RouterFunction;
import org.springframework.web.reactive.result.method.RequestMappingInfo;
import org.springframework.web.reactive.result.method.annotation.RequestMappingHandlerMapping;
import org.springframework.web.server.ServerWebExchange;
import org.springframework.web.server.WebFilter;
import org.springframework.web.server.WebFilterChain;
import org.springframework.web.server.adapter.ForwardedHeaderTransformer;
import org.springframework.web.server.adapter.HttpWebHandlerAdapter;
import org.springframework.web.server.adapter.WebHttpHandlerBuilder;
import org.springframework.web.server.i18n.LocaleContextResolver;
import org.springframework.web.server.session.WebSessionManager;
import reactor.core.publisher.Mono;

/**
 * Takes calls of the API from the server straight to the filters and then to {@link HttpDoor}: no
 * handler mapping, no route predicates, no observation, which together cost more than the call
 * itself.
 *
 * <p>Nothing is left out by that. The forwarded headers' transformer, CORS and Spring Security,
 * whoever's chains it has, run here as they run on the usual way, in the same order. A web filter,
 * a global filter, a handler or a route that is none of these switches the short way off, and the
 * log says which; a route that comes later does so when it comes. Safe for use by many threads.
 */
@Component
final class DirectPath implements HttpHandlerDecoratorFactory {

  private static final Logger LOGGER = LoggerFactory.getLogger(DirectPath.class);

  private static final String FRAMEWORK = "org.springframework.cloud.gateway.";

  /** Web filters that run here as they run anywhere. */
  private static final Set<Class<?>> KNOWN_FILTERS =
      Set.of(
          RequestTraceFilter.class,
          GlobalCorsFilter.class,
          AdmissionFilter.class,
          CorsWebFilter.class,
          WebFilterChainProxy.class,
          FleetChainProxy.class,
          LetInCallers.class);

  /** The gateway's one route, and where the framework keeps and finds routes, none by default. */
  private static final Set<String> OWN_ROUTES =
      Set.of(
          "fleetRoutes",
          "cachedCompositeRouteLocator",
          "routeDefinitionRouteLocator",
          "routeDefinitionLocator",
          "propertiesRouteDefinitionLocator",
          "inMemoryRouteDefinitionRepository");

  private final ApplicationContext beans;
  private final RoutingProperties properties;
  private volatile Set<String> laterRoutes = Set.of();

  DirectPath(ApplicationContext beans, RoutingProperties properties) {
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
    HttpDoor door = beans.getBean(HttpDoor.class);
    WebFilterChain chain = exchange -> door.filter(exchange, DirectPath::nothing);
    List<WebFilter> filters =
        beans
            .getBeanProvider(WebFilter.class)
            .orderedStream()
            .filter(filter -> KNOWN_FILTERS.contains(AopUtils.getTargetClass(filter)))
            .toList();
    for (WebFilter filter : filters.reversed()) {
      WebFilterChain next = chain;
      chain = exchange -> filter.filter(exchange, next);
    }
    return new ShortWay(usual, new Exchanges(beans), transformer(), chain);
  }

  /** Routes may be added while the gateway runs. */
  @EventListener(RefreshRoutesResultEvent.class)
  void routesChanged() {
    beans
        .getBeanProvider(RouteLocator.class)
        .ifAvailable(
            locator ->
                locator
                    .getRoutes()
                    .map(Route::getId)
                    .filter(id -> !id.equals(HttpDoor.ROUTE))
                    .collectList()
                    .subscribe(this::routesAre));
  }

  private void routesAre(List<String> others) {
    Set<String> before = laterRoutes;
    laterRoutes = new LinkedHashSet<>(others);
    if (properties.direct() && !before.equals(laterRoutes)) {
      LOGGER.info(
          "calls take {}, the routes that are none of the fleet's are {}",
          others.isEmpty() ? "the short way" : "the usual way through all filters",
          others);
    }
  }

  private @Nullable ForwardedHeaderTransformer transformer() {
    String name = WebHttpHandlerBuilder.FORWARDED_HEADER_TRANSFORMER_BEAN_NAME;
    return beans.containsBean(name) ? beans.getBean(name, ForwardedHeaderTransformer.class) : null;
  }

  /** Makes exchanges as the usual way would. */
  private static final class Exchanges extends HttpWebHandlerAdapter {

    Exchanges(ApplicationContext beans) {
      super(DirectPath::nothing);
      String sessions = WebHttpHandlerBuilder.WEB_SESSION_MANAGER_BEAN_NAME;
      if (beans.containsBean(sessions)) {
        setSessionManager(beans.getBean(sessions, WebSessionManager.class));
      }
      String locales = WebHttpHandlerBuilder.LOCALE_CONTEXT_RESOLVER_BEAN_NAME;
      if (beans.containsBean(locales)) {
        setLocaleContextResolver(beans.getBean(locales, LocaleContextResolver.class));
      }
      setApplicationContext(beans);
      afterPropertiesSet();
    }

    ServerWebExchange of(ServerHttpRequest request, ServerHttpResponse response) {
      return createExchange(request, response);
    }
  }

  /** The short way, and the usual one for what is not of the API. */
  private final class ShortWay implements HttpHandler {

    private final HttpHandler usual;
    private final Exchanges exchanges;
    private final @Nullable ForwardedHeaderTransformer transformer;
    private final WebFilterChain chain;

    ShortWay(
        HttpHandler usual,
        Exchanges exchanges,
        @Nullable ForwardedHeaderTransformer transformer,
        WebFilterChain chain) {
      this.usual = usual;
      this.exchanges = exchanges;
      this.transformer = transformer;
      this.chain = chain;
    }

    @Override
    public Mono<Void> handle(ServerHttpRequest received, ServerHttpResponse response) {
      if (!laterRoutes.isEmpty()) {
        return usual.handle(received, response);
      }
      ServerHttpRequest request = received;
      if (transformer != null) {
        try {
          request = transformer.apply(received);
        } catch (RuntimeException malformed) {
          LOGGER.debug("forwarded headers that make no sense", malformed);
          response.setStatusCode(HttpStatus.BAD_REQUEST);
          return response.setComplete();
        }
      }
      return isApi(request)
          ? chain.filter(exchanges.of(request, response)).then(ended(response))
          : usual.handle(received, response);
    }
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
    return ApiPaths.isApi(request.getURI().getRawPath());
  }

  private List<String> others() {
    List<String> others = new ArrayList<>();
    typesOf(WebFilter.class)
        .filter(type -> !KNOWN_FILTERS.contains(type) && !isFrameworks(type))
        .map(Class::getName)
        .forEach(others::add);
    typesOf(GlobalFilter.class)
        .filter(type -> type != HttpDoor.class && !isFrameworks(type))
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
    Stream.of(beans.getBeanNamesForType(RouterFunction.class))
        .forEach(name -> others.add("router function " + name));
    beans.getBeansOfType(RequestMappingHandlerMapping.class).values().stream()
        .flatMap(mapping -> mapping.getHandlerMethods().entrySet().stream())
        .filter(method -> mayMatchApi(method.getKey()))
        .forEach(method -> others.add("handler " + method.getValue().getShortLogMessage()));
    return others;
  }

  /** What the beans are themselves, whatever stands before them. */
  private Stream<Class<?>> typesOf(Class<?> type) {
    return beans.getBeansOfType(type).values().stream().map(AopUtils::getTargetClass);
  }

  private static boolean isFrameworks(Class<?> type) {
    return type.getName().startsWith(FRAMEWORK);
  }

  private static boolean mayMatchApi(RequestMappingInfo mapping) {
    return mapping.getPatternsCondition().getPatterns().stream()
        .map(pattern -> pattern.getPatternString())
        .anyMatch(pattern -> ApiPaths.isApi(pattern) || pattern.matches("/[^/]*[*{?].*"));
  }
}
