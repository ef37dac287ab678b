package io.onnxfleet.inference.protocol;

import io.onnxfleet.inference.protocol.connection.PlainErrorValve;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.apache.catalina.Container;
import org.apache.catalina.Context;
import org.apache.catalina.Engine;
import org.apache.catalina.Valve;
import org.apache.catalina.core.StandardContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.servlet.filter.OrderedCharacterEncodingFilter;
import org.springframework.boot.servlet.filter.OrderedFormContentFilter;
import org.springframework.boot.servlet.filter.OrderedRequestContextFilter;
import org.springframework.boot.tomcat.TomcatWebServer;
import org.springframework.boot.web.server.servlet.context.ServletWebServerInitializedEvent;
import org.springframework.context.ApplicationContext;
import org.springframework.context.event.EventListener;
import org.springframework.stereotype.Component;
import org.springframework.web.cors.CorsConfiguration;
import org.springframework.web.filter.ServerHttpObservationFilter;
import org.springframework.web.filter.UrlHandlerFilter;
import org.springframework.web.servlet.config.annotation.CorsRegistry;
import org.springframework.web.servlet.config.annotation.InterceptorRegistry;
import org.springframework.web.servlet.config.annotation.WebMvcConfigurer;
import org.springframework.web.servlet.handler.MappedInterceptor;

/**
 * How far calls that run a model may leave the usual way, which goes through valves, filters, and
 * Spring MVC with its interceptors. Nothing that a team adds is gone around: before the filters
 * only where every filter and valve is known to do nothing for them, and past Spring MVC only where
 * nothing was added to it. What is in the way is logged once, by name.
 *
 * <p>Thread-safe. Until the server has begun, requests take the usual way.
 */
@Component
final class ShortPath {
  /** Where they are served. */
  enum Way {
    BEFORE_FILTERS,
    BEHIND_FILTERS,
    BY_CONTROLLERS
  }

  private static final Logger log = LoggerFactory.getLogger(ShortPath.class);

  private static final Set<Class<?>> KNOWN_FILTERS =
      Set.of(
          RequestIdentityFilter.class,
          OrderedCharacterEncodingFilter.class,
          OrderedFormContentFilter.class,
          OrderedRequestContextFilter.class,
          ServerHttpObservationFilter.class,
          UrlHandlerFilter.class);

  /** By their names, as some are not to be seen from here; those that log are asked otherwise. */
  private static final Set<String> KNOWN_VALVES =
      Set.of(
          "org.apache.catalina.core.StandardEngineValve",
          "org.apache.catalina.core.StandardHostValve",
          "org.apache.catalina.core.StandardContextValve",
          "org.apache.catalina.authenticator.NonLoginAuthenticator",
          "org.apache.catalina.valves.AccessLogValve",
          "org.apache.catalina.valves.ErrorReportValve",
          PlainErrorValve.class.getName());

  /** Passes a caller's token on to other services, of which there are none. */
  private static final String TOKEN_RELAY =
      "org.springframework.cloud.commons.security.ResourceServerTokenRelayAutoConfiguration$";

  private final ApplicationContext application;
  private volatile Way way = Way.BY_CONTROLLERS;

  ShortPath(ApplicationContext application) {
    this.application = application;
  }

  Way leads() {
    return way;
  }

  @EventListener
  void begun(ServletWebServerInitializedEvent event) {
    if (!event.getApplicationContext().equals(application)
        || !(event.getWebServer() instanceof TomcatWebServer server)) {
      return;
    }
    List<String> filters = new ArrayList<>();
    for (Container child : server.getTomcat().getHost().findChildren()) {
      if (child instanceof Context context) {
        filters.addAll(unknownTo(context));
      }
    }
    List<String> controllers = addedToControllers();
    if (!controllers.isEmpty()) {
      log.info("inference calls are served by controllers, for the sake of {}", controllers);
      way = Way.BY_CONTROLLERS;
    } else if (!filters.isEmpty()) {
      log.info("inference calls go through all filters, for the sake of {}", filters);
      way = Way.BEHIND_FILTERS;
    } else {
      way = Way.BEFORE_FILTERS;
    }
  }

  private static List<String> unknownTo(Context context) {
    List<String> unknown = new ArrayList<>();
    Arrays.stream(context.findFilterDefs())
        .filter(
            definition ->
                definition.getFilter() == null
                    || !KNOWN_FILTERS.contains(definition.getFilter().getClass()))
        .map(
            definition ->
                definition.getFilterName()
                    + " ("
                    + (definition.getFilter() == null
                        ? definition.getFilterClass()
                        : definition.getFilter().getClass().getName())
                    + ")")
        .forEach(unknown::add);
    for (Container container = context; container != null; container = container.getParent()) {
      valvesOf(container).map(valve -> valve.getClass().getName()).forEach(unknown::add);
    }
    if (context instanceof StandardContext standard && standard.findConstraints().length > 0) {
      unknown.add("security constraints");
    }
    return unknown;
  }

  /** The unknown ones that a request meets; those of an engine only if they come after ours. */
  private static Stream<Valve> valvesOf(Container container) {
    List<Valve> valves = List.of(container.getPipeline().getValves());
    int from = 0;
    if (container instanceof Engine) {
      while (from < valves.size() && !(valves.get(from) instanceof DirectValve)) {
        from++;
      }
      from++;
    }
    return valves.stream()
        .skip(from)
        .filter(valve -> !KNOWN_VALVES.contains(valve.getClass().getName()));
  }

  /** Interceptors and rules about other origins, which only Spring MVC looks at. */
  private List<String> addedToControllers() {
    SeenInterceptors interceptors = new SeenInterceptors();
    SeenOrigins origins = new SeenOrigins();
    for (WebMvcConfigurer configurer :
        application.getBeansOfType(WebMvcConfigurer.class).values()) {
      configurer.addInterceptors(interceptors);
      configurer.addCorsMappings(origins);
    }
    List<String> added = new ArrayList<>();
    interceptors.all().stream()
        .map(interceptor -> interceptor.getClass().getName())
        .filter(name -> !name.startsWith(TOKEN_RELAY))
        .forEach(added::add);
    application
        .getBeansOfType(MappedInterceptor.class)
        .values()
        .forEach(mapped -> added.add(mapped.getInterceptor().getClass().getName()));
    origins.all().keySet().forEach(path -> added.add("CORS for " + path));
    return added;
  }

  private static final class SeenInterceptors extends InterceptorRegistry {
    List<Object> all() {
      return getInterceptors();
    }
  }

  private static final class SeenOrigins extends CorsRegistry {
    Map<String, CorsConfiguration> all() {
      return getCorsConfigurations();
    }
  }
}
