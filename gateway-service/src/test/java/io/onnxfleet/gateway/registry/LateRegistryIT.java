package io.onnxfleet.gateway.registry;

import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.contract.api.ApiPaths;
import io.onnxfleet.gateway.fleet.Fleet;
import io.onnxfleet.gateway.fleet.FleetProperties;
import io.onnxfleet.gateway.fleet.FleetWatch;
import io.onnxfleet.gateway.fleet.ModelReference;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.cloud.client.DefaultServiceInstance;
import org.springframework.cloud.client.ServiceInstance;
import org.springframework.cloud.client.discovery.DiscoveryClient;
import reactor.core.publisher.Mono;
import reactor.netty.DisposableServer;
import reactor.netty.http.client.HttpClient;
import reactor.netty.http.server.HttpServer;
import tools.jackson.databind.json.JsonMapper;

class LateRegistryIT {

  private static final ModelReference NEW = new ModelReference("new", null);
  private static final ModelReference OLD = new ModelReference("old", null);
  private static final long SECOND = Duration.ofSeconds(1).toNanos();

  private final AtomicLong clock = new AtomicLong();
  private final AtomicLong sinceAnswer = new AtomicLong();
  private final AtomicInteger asked = new AtomicInteger();
  private volatile String self = "{}";
  private volatile Map<String, String> listed = Map.of();
  private final DisposableServer replica =
      HttpServer.create()
          .host("127.0.0.1")
          .port(0)
          .route(
              routes ->
                  routes.get(
                      ApiPaths.REPLICA_SELF,
                      (request, response) -> {
                        asked.incrementAndGet();
                        return response.sendString(Mono.fromSupplier(() -> self));
                      }))
          .bindNow();

  private final FleetWatch watch =
      new FleetWatch(
          new Registry(),
          new FleetProperties(
              "inference-service",
              Duration.ofHours(1),
              Duration.ofSeconds(30),
              List.of("127.0.0.0/8")),
          false,
          clock::get);
  private final LateRegistry late =
      new LateRegistry(
          HttpClient.create(),
          JsonMapper.shared(),
          () -> watch.current().registered(),
          watch::told,
          () -> OptionalLong.of(sinceAnswer.get()),
          Duration.ofSeconds(1),
          clock::get);

  private final class Registry implements DiscoveryClient {

    @Override
    public String description() {
      return "registry";
    }

    @Override
    public List<ServiceInstance> getInstances(String service) {
      return List.of(
          new DefaultServiceInstance("r", service, "127.0.0.1", replica.port(), false, listed));
    }

    @Override
    public List<String> getServices() {
      return List.of();
    }
  }

  @BeforeEach
  void list() {
    listed = Map.of("models-ready", "old:1", "started", "5", "revision", "1");
    self =
        """
        {"id": "r", "metadata": {"models-ready": "new:1", "started": "5", "revision": "2"}}""";
    watch.refresh();
    // The first connection of a JVM may take longer than a replica is waited for.
    String url = "http://127.0.0.1:" + replica.port() + ApiPaths.REPLICA_SELF;
    HttpClient.create().get().uri(url).responseContent().aggregate().block();
    asked.set(0);
  }

  @AfterEach
  void stop() {
    replica.disposeNow();
  }

  @Test
  void change_isFollowed_whileTheRegistryIsLate() {
    sinceAnswer.set(1_301);
    late.look();

    Awaitility.await().until(() -> !watch.current().serving(NEW).isEmpty());
    assertThat(watch.current().serving(OLD)).isEmpty();
    // What the registry's client has kept is older.
    watch.refresh();
    assertThat(watch.current().serving(NEW)).hasSize(1);
    assertThat(watch.current().serving(OLD)).isEmpty();
  }

  @Test
  void replica_isAskedOnceASecond_andNotWhileTheRegistryAnswers() {
    for (long since : new long[] {-1, 0, 1_000, 1_300}) {
      sinceAnswer.set(since);
      late.look();
    }
    assertThat(asked).hasValue(0);

    sinceAnswer.set(60_000);
    late.look();
    Awaitility.await().until(() -> !watch.current().serving(NEW).isEmpty());
    clock.addAndGet(SECOND - 1);
    late.look();
    clock.addAndGet(1);
    assertThat(asked).hasValue(1);
    Awaitility.await()
        .untilAsserted(
            () -> {
              late.look();
              assertThat(asked).hasValue(2);
            });

    sinceAnswer.set(10);
    late.look();
    sinceAnswer.set(60_000);
    Awaitility.await()
        .untilAsserted(
            () -> {
              late.look();
              assertThat(asked).as("late anew").hasValue(3);
            });
  }

  @Test
  void replica_thatDoesNotNumberItsChanges_isNotAsked() {
    Map<String, String> uncounted = new HashMap<>(listed);
    uncounted.remove("revision");
    listed = uncounted;
    watch.refresh();
    sinceAnswer.set(60_000);
    late.look();

    assertThat(late.underWay()).isZero();
    assertThat(asked).hasValue(0);
  }

  @Test
  void answer_thatSaysNothing_changesNothing() {
    Fleet before = watch.current();
    sinceAnswer.set(60_000);
    for (String answer : List.of("", "no JSON", "[1]")) {
      self = answer;
      clock.addAndGet(SECOND);
      late.look();
      Awaitility.await().until(() -> late.underWay() == 0);
    }
    replica.disposeNow();
    clock.addAndGet(SECOND);
    late.look();
    Awaitility.await().until(() -> late.underWay() == 0);

    assertThat(asked).hasValue(3);
    assertThat(watch.current().registered()).isEqualTo(before.registered());
  }
}
