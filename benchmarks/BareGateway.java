import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.cloud.gateway.route.RouteLocator;
import org.springframework.cloud.gateway.route.builder.RouteLocatorBuilder;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/**
 * Spring Cloud Gateway with one static route and nothing else: what {@code gateway.sh} measures the
 * fleet's gateway against. Runs from its source on the class path of gateway-service's libraries.
 */
@Configuration(proxyBeanMethods = false)
@EnableAutoConfiguration
public class BareGateway {

  public static void main(String[] arguments) {
    SpringApplication.run(BareGateway.class, arguments);
  }

  @Bean
  RouteLocator route(RouteLocatorBuilder routes) {
    String backend = System.getProperty("backend");
    return routes.routes().route("all", route -> route.path("/**").uri(backend)).build();
  }
}
