package io.onnxfleet.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.cloud.client.DefaultServiceInstance;
import org.springframework.cloud.client.ServiceInstance;
import org.springframework.cloud.client.loadbalancer.DefaultResponse;
import org.springframework.cloud.loadbalancer.annotation.LoadBalancerClientSpecification;
import org.springframework.cloud.loadbalancer.core.ReactorLoadBalancer;
import org.springframework.cloud.loadbalancer.core.ReactorServiceInstanceLoadBalancer;
import org.springframework.context.annotation.Bean;
import reactor.core.publisher.Mono;

/**
 * A team's own balancers: they choose in the team's routes, for the services that they are for;
 * calls of the API are balanced by the fleet, and the log names what they do not ask.
 */
@ExtendWith(OutputCaptureExtension.class)
class TeamBalancersIT {

  private static final String ROUTES = "spring.cloud.gateway.server.webflux.routes";
  private static final String[] PROPERTIES = {
    ROUTES + "[0].id=shop",
    ROUTES + "[0].uri=lb://shop-service",
    ROUTES + "[0].predicates[0]=Path=/shop/**",
    ROUTES + "[1].id=raw",
    ROUTES + "[1].uri=lb://inference-service",
    ROUTES + "[1].predicates[0]=Path=/raw/**",
    "fleet.gateway.balancing.policy=round-robin",
    "fleet.gateway.balancing.slow-start=0s"
  };
  private static final String NOT_ASKED =
      "calls of the API are balanced by the fleet's policy alone";
  private static final int CALLS = 6;

  /** What a team gives the framework with {@code @LoadBalancerClient}: always the same instance. */
  static class ChosenByTheTeam {

    private static volatile int port;

    @Bean
    ReactorLoadBalancer<ServiceInstance> teamBalancer() {
      return (ReactorServiceInstanceLoadBalancer)
          request ->
              Mono.just(
                  new DefaultResponse(
                      new DefaultServiceInstance("team", "any", "127.0.0.1", port, false)));
    }
  }

  private final FakeReplica one = FakeReplica.answering("one", "{}");
  private final FakeReplica two = FakeReplica.answering("two", "{}");
  private final FakeReplica team = FakeReplica.answering("team", "{}");

  @AfterEach
  void close() {
    Stream.of(one, two, team).forEach(FakeReplica::close);
  }

  /** A gateway whose team has that balancer for the services of that name. */
  private RunningGateway gateway(String service) {
    ChosenByTheTeam.port = team.port();
    RunningGateway gateway =
        RunningGateway.with(
            context ->
                context.registerBean(
                    "teamSpecification",
                    LoadBalancerClientSpecification.class,
                    () ->
                        new LoadBalancerClientSpecification(
                            service, new Class<?>[] {ChosenByTheTeam.class})),
            PROPERTIES);
    gateway.register(one, "m:1");
    gateway.register(two, "m:1");
    return gateway;
  }

  private void assertCalls(RunningGateway gateway, String path, int toOne, int toTwo, int toTeam)
      throws Exception {
    Stream.of(one, two, team).forEach(each -> each.received().clear());
    for (int call = 0; call < CALLS; call++) {
      assertThat(gateway.post(path, "{}").statusCode()).isEqualTo(200);
    }
    assertThat(Stream.of(one, two, team).map(each -> each.received().size()))
        .as(path)
        .containsExactly(toOne, toTwo, toTeam);
  }

  @Test
  void balancer_ofATeamsOwnService_choosesInItsRoute_andNowhereElse(CapturedOutput output)
      throws Exception {
    try (RunningGateway gateway = gateway("shop-service")) {
      assertCalls(gateway, "/shop/things", 0, 0, CALLS);
      assertCalls(gateway, "/raw/things", CALLS / 2, CALLS / 2, 0);
      assertCalls(gateway, "/v2/models/m/infer", CALLS / 2, CALLS / 2, 0);
      assertThat(output).doesNotContain(NOT_ASKED);
    }
  }

  @Test
  void balancer_ofATeamForTheFleetsService_choosesInItsRoute_andIsNamed(CapturedOutput output)
      throws Exception {
    try (RunningGateway gateway = gateway("inference-service")) {
      assertCalls(gateway, "/raw/things", 0, 0, CALLS);
      assertCalls(gateway, "/v2/models/m/infer", CALLS / 2, CALLS / 2, 0);
      assertThat(output).contains(NOT_ASKED).contains("inference-service[" + name() + "]");
    }
  }

  @Test
  void balancer_ofATeamForEveryService_leavesTheFleetsToTheFleet_andIsNamed(CapturedOutput output)
      throws Exception {
    try (RunningGateway gateway = gateway("default.team")) {
      assertCalls(gateway, "/shop/things", 0, 0, CALLS);
      assertCalls(gateway, "/raw/things", CALLS / 2, CALLS / 2, 0);
      assertCalls(gateway, "/v2/models/m/infer", CALLS / 2, CALLS / 2, 0);
      assertThat(output).contains(NOT_ASKED).contains("default.team[" + name() + "]");
    }
  }

  private static String name() {
    return ChosenByTheTeam.class.getName();
  }
}
