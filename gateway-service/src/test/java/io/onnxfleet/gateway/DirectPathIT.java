package io.onnxfleet.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpResponse;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.springframework.web.server.WebFilter;

/** That the short way leaves out nothing that somebody put on the long one. */
class DirectPathIT {

  private static final String INFER = "/v2/models/m/infer";

  @Test
  void answer_isTheSame_onBothWays() throws Exception {
    for (String direct : new String[] {"true", "false"}) {
      try (RunningGateway gateway = new RunningGateway("fleet.gateway.routing.direct=" + direct);
          FakeReplica replica = FakeReplica.answering("r", "{}")) {
        gateway.register(replica, "m:1");

        HttpResponse<String> answer = gateway.post(INFER, "{}");
        HttpResponse<String> unknown = gateway.post("/v2/models/other/infer", "{}");
        HttpResponse<String> nowhere = gateway.get("/v3");

        assertThat(answer.statusCode()).as("direct=%s", direct).isEqualTo(200);
        assertThat(answer.headers().firstValue("X-Request-Id")).isPresent();
        assertThat(unknown.statusCode()).isEqualTo(404);
        assertThat(nowhere.statusCode()).isEqualTo(404);
        assertThat(gateway.get("/actuator/health/liveness").statusCode()).isEqualTo(200);
      }
    }
  }

  @Test
  void filter_seesEveryCall_whenSomebodyAddsOne() throws Exception {
    AtomicInteger seen = new AtomicInteger();
    WebFilter filter =
        (exchange, chain) -> {
          seen.incrementAndGet();
          return chain.filter(exchange);
        };
    try (RunningGateway gateway =
            RunningGateway.with(
                context -> context.registerBean("added", WebFilter.class, () -> filter));
        FakeReplica replica = FakeReplica.answering("r", "{}")) {
      gateway.register(replica, "m:1");

      assertThat(gateway.post(INFER, "{}").statusCode()).isEqualTo(200);

      assertThat(seen).hasValue(1);
    }
  }

  @Test
  void route_isTaken_whenSomebodyConfiguresOne() throws Exception {
    String routes = "spring.cloud.gateway.server.webflux.routes[0].";
    try (RunningGateway gateway =
            new RunningGateway(
                routes + "id=redirect",
                routes + "uri=no://op",
                routes + "order=-1",
                routes + "predicates[0]=Path=" + INFER,
                routes + "filters[0]=RedirectTo=302,http://127.0.0.1/elsewhere");
        FakeReplica replica = FakeReplica.answering("r", "{}")) {
      gateway.register(replica, "m:1");

      assertThat(gateway.post(INFER, "{}").statusCode()).isEqualTo(302);

      assertThat(replica.received()).isEmpty();
    }
  }
}
