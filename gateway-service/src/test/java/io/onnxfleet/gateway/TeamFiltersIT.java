package io.onnxfleet.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.gateway.security.credential.KeyCommand;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.beans.factory.config.BeanPostProcessor;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.cloud.gateway.filter.GlobalFilter;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.support.GenericApplicationContext;
import org.springframework.http.MediaType;
import org.springframework.security.config.Customizer;
import org.springframework.security.config.annotation.web.reactive.EnableWebFluxSecurity;
import org.springframework.security.config.web.server.ServerHttpSecurity;
import org.springframework.security.core.userdetails.MapReactiveUserDetailsService;
import org.springframework.security.core.userdetails.User;
import org.springframework.security.web.server.SecurityWebFilterChain;
import org.springframework.security.web.server.WebFilterChainProxy;
import org.springframework.security.web.server.firewall.ServerExchangeRejectedException;
import org.springframework.security.web.server.firewall.ServerWebExchangeFirewall;
import org.springframework.web.reactive.function.server.RequestPredicates;
import org.springframework.web.reactive.function.server.RouterFunction;
import org.springframework.web.reactive.function.server.RouterFunctions;
import org.springframework.web.reactive.function.server.ServerResponse;
import org.springframework.web.server.WebFilter;
import org.springframework.web.server.WebFilterChain;
import reactor.core.publisher.Mono;

/**
 * A team's own context around the gateway, with real Spring Security: whatever the team adds is
 * asked on both ways, and the log names what the short one is left for.
 */
@ExtendWith(OutputCaptureExtension.class)
class TeamFiltersIT {

  private static final String INFER = "/v2/models/m/infer";
  private static final String CORS =
      "spring.cloud.gateway.server.webflux.globalcors.cors-configurations.[/**].";
  private static final String LEFT = "calls take the usual way through all filters";

  /** As a team writes it: users with passwords, one of them the only one who may infer. */
  @Configuration(proxyBeanMethods = false)
  @EnableWebFluxSecurity
  static class TeamSecurity {

    @Bean
    MapReactiveUserDetailsService users() {
      return new MapReactiveUserDetailsService(
          User.withUsername("ann").password("{noop}pass").roles("TEAM").build(),
          User.withUsername("bob").password("{noop}pass").roles("OTHER").build());
    }

    @Bean
    SecurityWebFilterChain teamChain(ServerHttpSecurity http) {
      return http.csrf(ServerHttpSecurity.CsrfSpec::disable)
          .httpBasic(Customizer.withDefaults())
          .authorizeExchange(
              exchanges ->
                  exchanges
                      .pathMatchers("/v2/health/**")
                      .permitAll()
                      .pathMatchers(INFER)
                      .hasRole("TEAM")
                      .anyExchange()
                      .authenticated())
          .build();
    }
  }

  /** The same without the annotation: the chain alone must be enough. */
  @Configuration(proxyBeanMethods = false)
  static class ChainOnly {

    @Bean
    SecurityWebFilterChain teamChain(ServerHttpSecurity http) {
      return http.authorizeExchange(exchanges -> exchanges.anyExchange().denyAll()).build();
    }
  }

  private static Consumer<GenericApplicationContext> with(Class<?> configuration) {
    return context -> context.registerBean(configuration);
  }

  private static HttpResponse<String> infer(RunningGateway gateway, String... headers)
      throws Exception {
    var request = gateway.request(INFER).POST(BodyPublishers.ofString("{}"));
    return gateway.send(headers.length == 0 ? request : request.headers(headers));
  }

  private static String basic(String user) {
    return "Basic "
        + Base64.getEncoder().encodeToString((user + ":pass").getBytes(StandardCharsets.UTF_8));
  }

  @ParameterizedTest
  @ValueSource(strings = {"true", "false"})
  void securityOfATeam_isAskedForEveryCall(String direct, CapturedOutput output) throws Exception {
    try (RunningGateway gateway =
            RunningGateway.with(
                with(TeamSecurity.class), "fleet.gateway.routing.direct=" + direct);
        FakeReplica replica = FakeReplica.answering("r", "{}")) {
      gateway.register(replica, "m:1");

      assertThat(infer(gateway).statusCode()).isEqualTo(401);
      assertThat(infer(gateway, "Authorization", basic("eve")).statusCode()).isEqualTo(401);
      assertThat(infer(gateway, "Authorization", basic("bob")).statusCode()).isEqualTo(403);
      assertThat(gateway.get("/v2/models/m").statusCode()).isEqualTo(401);
      assertThat(gateway.get("/v2/health/live").statusCode()).isEqualTo(200);
      assertThat(replica.received()).isEmpty();

      assertThat(infer(gateway, "Authorization", basic("ann")).statusCode()).isEqualTo(200);
      // The caller is the one whom the team let in, and not its address.
      assertThat(replica.received().getFirst().headers().get("Inference-Caller"))
          .startsWith("user:")
          .doesNotContain("ann");
      assertThat(output).doesNotContain(LEFT);
    }
  }

  @Test
  void chainOfATeam_isAsked_withoutFurtherAnnotation() throws Exception {
    try (RunningGateway gateway = RunningGateway.with(with(ChainOnly.class));
        FakeReplica replica = FakeReplica.answering("r", "{}")) {
      gateway.register(replica, "m:1");

      assertThat(infer(gateway).statusCode()).isIn(401, 403);
      assertThat(gateway.get("/v2/health/live").statusCode()).isIn(401, 403);
      assertThat(replica.received()).isEmpty();
    }
  }

  @Test
  void chainOfATeam_comesBeforeTheFleets(@TempDir Path folder) throws Exception {
    Path keys = Files.writeString(folder.resolve("keys"), "");
    try (RunningGateway gateway =
        RunningGateway.with(with(ChainOnly.class), "fleet.gateway.security.keys=" + keys)) {
      assertThat(gateway.get("/v2/health/live").statusCode()).isIn(401, 403);
    }
  }

  /** Spring Security as the fleet has it is short; what a team sets there is asked all the same. */
  @ParameterizedTest
  @ValueSource(strings = {"true", "false"})
  void firewallOfATeam_isAsked_whereTheFleetHasTheOnlyChain(String direct, @TempDir Path folder)
      throws Exception {
    Path keys = Files.writeString(folder.resolve("keys"), "");
    ServerWebExchangeFirewall firewall =
        exchange ->
            exchange.getRequest().getHeaders().containsHeader("X-Forbidden")
                ? Mono.error(new ServerExchangeRejectedException("forbidden"))
                : Mono.just(exchange);
    try (RunningGateway gateway =
        RunningGateway.with(
            context ->
                context.registerBean(
                    "teamFirewall", ServerWebExchangeFirewall.class, () -> firewall),
            "fleet.gateway.security.keys=" + keys,
            "fleet.gateway.routing.direct=" + direct)) {
      assertThat(infer(gateway).statusCode()).isEqualTo(401);
      assertThat(infer(gateway, "X-Forbidden", "yes").statusCode()).isEqualTo(400);
    }
  }

  /** And so is what a team makes of Spring Security's filter itself. */
  @Test
  void decoratorOfATeam_isAsked_whereTheFleetHasTheOnlyChain(@TempDir Path folder)
      throws Exception {
    Path keys = Files.writeString(folder.resolve("keys"), "");
    AtomicInteger decorated = new AtomicInteger();
    try (RunningGateway gateway =
        RunningGateway.with(
            context ->
                context.registerBean(
                    "teamDecorator",
                    BeanPostProcessor.class,
                    () ->
                        new BeanPostProcessor() {
                          @Override
                          public Object postProcessAfterInitialization(Object bean, String name) {
                            if (bean instanceof WebFilterChainProxy proxy) {
                              proxy.setFilterChainDecorator(counting(decorated));
                            }
                            return bean;
                          }
                        }),
            "fleet.gateway.security.keys=" + keys)) {
      assertThat(infer(gateway).statusCode()).isEqualTo(401);
      assertThat(decorated).hasPositiveValue();
    }
  }

  private static WebFilterChainProxy.WebFilterChainDecorator counting(AtomicInteger count) {
    WebFilterChainProxy.DefaultWebFilterChainDecorator usual =
        new WebFilterChainProxy.DefaultWebFilterChainDecorator();
    return new WebFilterChainProxy.WebFilterChainDecorator() {
      @Override
      public WebFilterChain decorate(WebFilterChain original) {
        return original;
      }

      @Override
      public WebFilterChain decorate(WebFilterChain original, List<WebFilter> filters) {
        count.incrementAndGet();
        return usual.decorate(original, filters);
      }
    };
  }

  @ParameterizedTest
  @ValueSource(strings = {"true", "false"})
  void globalCors_answersPreflights_andMarksAnswersAndErrors(String direct, CapturedOutput output)
      throws Exception {
    try (RunningGateway gateway =
            new RunningGateway(
                CORS + "allowed-origins=*",
                CORS + "allowed-methods=*",
                CORS + "allowed-headers=*",
                "fleet.gateway.routing.direct=" + direct);
        FakeReplica replica = FakeReplica.answering("r", "{}")) {
      gateway.register(replica, "m:1");
      for (String path : List.of(INFER, "/v1/embeddings", "/v2/models/m", "/v2/fleet/families")) {
        HttpResponse<String> preflight = preflight(gateway, path);
        assertThat(preflight.statusCode()).as(path).isEqualTo(200);
        assertAllowed(preflight);
      }
      assertThat(replica.received()).isEmpty();

      HttpResponse<String> answer = infer(gateway, "Origin", "http://app.example");
      assertThat(answer.statusCode()).isEqualTo(200);
      assertAllowed(answer);
      HttpResponse<String> unknown =
          gateway.send(gateway.request("/v2/models/x").header("Origin", "http://app.example"));
      assertThat(unknown.statusCode()).isEqualTo(404);
      assertAllowed(unknown);
      assertThat(output).doesNotContain(LEFT);
    }
  }

  @Test
  void globalCors_comesBeforeCredentials(@TempDir Path folder) throws Exception {
    Path keys = Files.writeString(folder.resolve("keys"), "");
    try (RunningGateway gateway =
        new RunningGateway(
            CORS + "allowed-origins=http://app.example",
            CORS + "allowed-methods=*",
            CORS + "allowed-headers=*",
            "fleet.gateway.security.keys=" + keys)) {
      assertThat(preflight(gateway, INFER).statusCode()).isEqualTo(200);
      HttpResponse<String> refused = infer(gateway, "Origin", "http://app.example");
      assertThat(refused.statusCode()).isEqualTo(401);
      assertThat(refused.headers().firstValue("Access-Control-Allow-Origin"))
          .contains("http://app.example");
      assertThat(infer(gateway, "Origin", "http://evil.example").statusCode()).isEqualTo(403);
    }
  }

  private static HttpResponse<String> preflight(RunningGateway gateway, String path)
      throws Exception {
    return gateway.send(
        gateway
            .request(path)
            .headers(
                "Origin",
                "http://app.example",
                "Access-Control-Request-Method",
                "POST",
                "Access-Control-Request-Headers",
                "content-type,authorization")
            .method("OPTIONS", BodyPublishers.noBody()));
  }

  private static void assertAllowed(HttpResponse<String> answer) {
    assertThat(answer.headers().firstValue("Access-Control-Allow-Origin")).contains("*");
  }

  @ParameterizedTest
  @ValueSource(strings = {"true", "false"})
  void forwardedHeaders_areTransformed_fromTrustedProxiesOnly(String direct) throws Exception {
    for (String trusted : new String[] {"", "127.0.0.0/8", "192.0.2.0/24"}) {
      try (RunningGateway gateway =
              new RunningGateway(
                  "server.forward-headers-strategy=framework",
                  "fleet.gateway.security.trusted-proxies=" + trusted,
                  "fleet.gateway.routing.direct=" + direct);
          FakeReplica replica = FakeReplica.answering("r", "{}")) {
        gateway.register(replica, "m:1");
        boolean isTaken = !trusted.startsWith("192");

        // A prefix becomes part of the path, which is how the transformer shows from outside.
        HttpResponse<String> prefixed = infer(gateway, "X-Forwarded-Prefix", "/outside");
        assertThat(prefixed.statusCode()).as(trusted).isEqualTo(isTaken ? 404 : 200);
        assertThat(infer(gateway, "Forwarded", "for=\"_gazonk\";proto=https").statusCode())
            .as(trusted)
            .isEqualTo(200);
      }
    }
  }

  /**
   * On Kubernetes Boot has the server take them for the request's own unless it is told otherwise.
   */
  @ParameterizedTest
  @ValueSource(strings = {"native", "framework"})
  void forwardedHeaders_doNotTellWhichPortIsAsked(String strategy, @TempDir Path folder)
      throws Exception {
    Path keys = Files.writeString(folder.resolve("keys"), "");
    int management;
    try (ServerSocket free = new ServerSocket(0)) {
      management = free.getLocalPort();
    }
    try (RunningGateway gateway =
            new RunningGateway(
                "server.forward-headers-strategy=" + strategy,
                "management.server.port=" + management,
                "fleet.gateway.security.keys=" + keys);
        FakeReplica replica = FakeReplica.answering("r", "{}")) {
      gateway.register(replica, "m:1");

      assertThat(infer(gateway).statusCode()).isEqualTo(401);
      for (String[] told :
          new String[][] {
            {"X-Forwarded-Port", Integer.toString(management)},
            {"X-Forwarded-Host", "door:" + management},
            {"Forwarded", "host=\"door:" + management + "\""},
            {"Forwarded", "by=\"door:" + management + "\""}
          }) {
        assertThat(infer(gateway, told).statusCode()).as(String.join(": ", told)).isEqualTo(401);
      }
      assertThat(replica.received()).isEmpty();
      HttpRequest.Builder metrics =
          HttpRequest.newBuilder(
              URI.create("http://127.0.0.1:" + management + "/actuator/prometheus"));
      assertThat(gateway.send(metrics).body()).contains("jvm_");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"true", "false"})
  void forwardedPrefix_movesNoPath_toWhereOtherRightsHold(String direct, @TempDir Path folder)
      throws Exception {
    Path keys = folder.resolve("keys");
    ByteArrayOutputStream key = new ByteArrayOutputStream();
    KeyCommand.run(
        List.of("infer", "--file", keys.toString()),
        new PrintStream(key, true, StandardCharsets.UTF_8),
        System.err);
    String bearer = "Bearer " + key.toString(StandardCharsets.UTF_8).strip();
    for (String strategy : new String[] {"native", "framework"}) {
      try (RunningGateway gateway =
          new RunningGateway(
              "server.forward-headers-strategy=" + strategy,
              "fleet.gateway.routing.direct=" + direct,
              "fleet.gateway.security.keys=" + keys)) {
        for (String prefix : new String[] {"/x", "/actuator", "/v2/health"}) {
          HttpRequest.Builder nobody =
              gateway.request("/actuator/prometheus").header("X-Forwarded-Prefix", prefix);
          assertThat(gateway.send(nobody).statusCode()).as(prefix).isEqualTo(401);
          HttpRequest.Builder caller =
              gateway
                  .request("/actuator/prometheus")
                  .headers("X-Forwarded-Prefix", prefix, "Authorization", bearer);
          HttpResponse<String> refused = gateway.send(caller);
          assertThat(refused.statusCode()).as(prefix).isEqualTo(403);
          assertThat(refused.body()).as(prefix).doesNotContain("jvm_");
        }
      }
    }
  }

  @Test
  void webFilter_seesEveryCall_andIsNamed(CapturedOutput output) throws Exception {
    AtomicInteger seen = new AtomicInteger();
    WebFilter filter =
        (exchange, chain) -> {
          seen.incrementAndGet();
          return chain.filter(exchange);
        };
    GlobalFilter global =
        (exchange, chain) -> {
          seen.addAndGet(10);
          return chain.filter(exchange);
        };
    try (RunningGateway gateway =
            RunningGateway.with(
                context -> {
                  context.registerBean("teamFilter", WebFilter.class, () -> filter);
                  context.registerBean("teamGlobal", GlobalFilter.class, () -> global);
                  context.registerBean(TeamSecurity.class);
                });
        FakeReplica replica = FakeReplica.answering("r", "{}")) {
      gateway.register(replica, "m:1");

      assertThat(infer(gateway, "Authorization", basic("ann")).statusCode()).isEqualTo(200);
      assertThat(seen).hasValue(11);
      assertThat(infer(gateway).statusCode()).isEqualTo(401);
      assertThat(replica.received()).hasSize(1);
      assertThat(output).contains(LEFT).contains("TeamFiltersIT$$Lambda");
    }
  }

  @Test
  void handler_ofATeam_isReached_andIsNamed(CapturedOutput output) throws Exception {
    RouterFunction<ServerResponse> own =
        RouterFunctions.route(
            RequestPredicates.GET("/v1/team"),
            request -> ServerResponse.ok().contentType(MediaType.TEXT_PLAIN).bodyValue("ours"));
    try (RunningGateway gateway =
        RunningGateway.with(
            context -> context.registerBean("teamRoutes", RouterFunction.class, () -> own))) {
      assertThat(gateway.get("/v1/team").body()).isEqualTo("ours");
      assertThat(output).contains(LEFT).contains("router function teamRoutes");
    }
  }
}
