package io.onnxfleet.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.cloud.gateway.filter.GlobalFilter;
import org.springframework.http.server.reactive.ServerHttpRequest;
import org.springframework.web.server.ServerWebExchange;
import org.springframework.web.server.WebFilter;

/**
 * What a team adds to the gateway by the framework's own means: filters act on calls of the API,
 * and routes of its own go where they say, by the framework's own filters.
 */
@ExtendWith(OutputCaptureExtension.class)
class TeamRoutesIT {

  private static final String INFER = "/v2/models/m/infer";
  private static final String GATEWAY = "spring.cloud.gateway.server.webflux.";
  private static final String ROUTE = GATEWAY + "routes[0].";

  private static HttpResponse<String> infer(RunningGateway gateway, String... headers)
      throws Exception {
    return gateway.send(
        gateway.request(INFER).POST(BodyPublishers.ofString("{}")).headers(headers));
  }

  /** One header is added, one is taken away, and the others stay. */
  private static void assertHeadersAreChanged(RunningGateway gateway, FakeReplica replica)
      throws Exception {
    gateway.register(replica, "m:1");

    assertThat(infer(gateway, "X-Secret", "s", "X-Kept", "k").statusCode()).isEqualTo(200);

    assertThat(replica.received()).hasSize(1);
    assertThat(replica.received().getFirst().headers())
        .containsEntry("X-Team", "blue")
        .containsEntry("X-Kept", "k")
        .doesNotContainKey("X-Secret");
  }

  private static ServerWebExchange changed(ServerWebExchange exchange) {
    ServerHttpRequest request =
        exchange
            .getRequest()
            .mutate()
            .headers(
                headers -> {
                  headers.set("X-Team", "blue");
                  headers.remove("X-Secret");
                })
            .build();
    return exchange.mutate().request(request).build();
  }

  @Test
  void headers_thatAWebFilterChanges_reachTheReplicaSo() throws Exception {
    WebFilter filter = (exchange, chain) -> chain.filter(changed(exchange));
    try (RunningGateway gateway =
            RunningGateway.with(
                context -> context.registerBean("team", WebFilter.class, () -> filter));
        FakeReplica replica = FakeReplica.answering("r", "{}")) {
      assertHeadersAreChanged(gateway, replica);
    }
  }

  @Test
  void headers_thatAGlobalFilterChanges_reachTheReplicaSo() throws Exception {
    GlobalFilter filter = (exchange, chain) -> chain.filter(changed(exchange));
    try (RunningGateway gateway =
            RunningGateway.with(
                context -> context.registerBean("team", GlobalFilter.class, () -> filter));
        FakeReplica replica = FakeReplica.answering("r", "{}")) {
      assertHeadersAreChanged(gateway, replica);
    }
  }

  @Test
  void defaultFilters_actOnCalls(CapturedOutput output) throws Exception {
    try (RunningGateway gateway =
            new RunningGateway(
                GATEWAY + "default-filters[0]=AddRequestHeader=X-Team,blue",
                GATEWAY + "default-filters[1]=RemoveRequestHeader=X-Secret");
        FakeReplica replica = FakeReplica.answering("r", "{}")) {
      assertHeadersAreChanged(gateway, replica);
      assertThat(output).contains("default filter AddRequestHeader");
    }
  }

  @Test
  void route_toAnotherService_isForwardedByTheFramework() throws Exception {
    try (FakeReplica shop = FakeReplica.answering("shop", "{\"shop\": true}");
        RunningGateway gateway =
            new RunningGateway(
                ROUTE + "id=shop",
                ROUTE + "uri=http://127.0.0.1:" + shop.port(),
                ROUTE + "predicates[0]=Path=/shop/**",
                ROUTE + "filters[0]=StripPrefix=1");
        FakeReplica replica = FakeReplica.answering("r", "{}")) {
      gateway.register(replica, "m:1");

      HttpResponse<String> bought = gateway.post("/shop/baskets?id=7", "{}");

      assertThat(bought.statusCode()).isEqualTo(200);
      assertThat(bought.body()).contains("shop");
      assertThat(shop.received())
          .extracting(FakeReplica.Received::uri)
          .containsExactly("/baskets?id=7");
      assertThat(replica.received()).isEmpty();
      assertThat(infer(gateway, "X-Kept", "k").statusCode()).isEqualTo(200);
      assertThat(replica.received()).hasSize(1);
    }
  }

  @Test
  void route_toTheFleetsService_isBalancedByTheFleet_andToNoOther() throws Exception {
    try (RunningGateway gateway =
            new RunningGateway(
                ROUTE + "id=raw",
                ROUTE + "uri=lb://inference-service",
                ROUTE + "predicates[0]=Path=/raw/**",
                GATEWAY + "routes[1].id=other",
                GATEWAY + "routes[1].uri=lb://other-service",
                GATEWAY + "routes[1].predicates[0]=Path=/other/**",
                "fleet.gateway.balancing.policy=round-robin");
        FakeReplica one = FakeReplica.answering("one", "{}");
        FakeReplica two = FakeReplica.answering("two", "{}")) {
      gateway.register(one, "m:1");
      gateway.register(two, "m:1");

      for (int call = 0; call < 6; call++) {
        assertThat(gateway.get("/raw/things").statusCode()).isEqualTo(200);
      }

      assertThat(Stream.of(one, two).map(FakeReplica::received).map(List::size))
          .containsExactly(3, 3);
      HttpResponse<String> nobody = gateway.get("/other/things");
      assertThat(nobody.statusCode()).isEqualTo(503);
      assertThat(nobody.body()).contains("other-service");
      assertThat(one.received()).hasSize(3);
      assertThat(two.received()).hasSize(3);
    }
  }
}
