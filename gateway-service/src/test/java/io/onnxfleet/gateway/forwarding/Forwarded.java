package io.onnxfleet.gateway.forwarding;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.onnxfleet.gateway.balancing.EjectedReplicas;
import io.onnxfleet.gateway.balancing.SlowOutliers;
import io.onnxfleet.gateway.balancing.TestBalancer;
import io.onnxfleet.gateway.body.RequestBody;
import io.onnxfleet.gateway.call.Call;
import io.onnxfleet.gateway.call.FakeAnswer;
import io.onnxfleet.gateway.call.TestCalls;
import io.onnxfleet.gateway.failure.GatewayException;
import io.onnxfleet.gateway.fleet.Fleet;
import io.onnxfleet.gateway.fleet.ModelReference;
import io.onnxfleet.gateway.fleet.Replica;
import io.onnxfleet.gateway.load.InFlightRequests;
import io.onnxfleet.gateway.load.ReplicaLoads;
import io.onnxfleet.gateway.observability.GatewayMetrics;
import io.onnxfleet.gateway.routing.RoutingProperties;
import io.onnxfleet.gateway.suspect.RunRequest;
import io.onnxfleet.gateway.suspect.Suspects;
import io.onnxfleet.gateway.suspect.TestSuspects;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.cloud.client.DefaultServiceInstance;
import org.springframework.util.unit.DataSize;
import reactor.core.Disposable;
import reactor.core.publisher.Mono;

/** Everything around forwarded calls, without a socket and with a clock that a test moves. */
final class Forwarded {

  static final ModelReference MODEL = new ModelReference("m", null);
  static final long MILLI = Duration.ofMillis(1).toNanos();

  final ManualTimer timer = new ManualTimer();
  final FakeReplicas replicas = new FakeReplicas();
  final InFlightRequests inFlight = new InFlightRequests();
  final ReplicaLoads loads = new ReplicaLoads(Duration.ofSeconds(1), 8, timer::now);
  final EjectedReplicas ejected = TestBalancer.ejected(timer::now);
  final SimpleMeterRegistry meters = new SimpleMeterRegistry();

  /** Those that answer a probe although they broke a connection. */
  final Set<String> living = new HashSet<>();

  final Suspects suspects;
  private final Fleet fleet;
  final Forwarding forwarding;

  /** A fleet whose replicas of these ids serve one model. */
  Forwarded(int maxTries, int retryBurst, String... ids) {
    this.fleet = new Fleet(Stream.of(ids).map(Forwarded::replica).toList(), new ArrayList<>());
    this.suspects = TestSuspects.of(() -> fleet, ejected::isEjected, timer::now);
    RoutingProperties properties =
        new RoutingProperties(
            Duration.ofSeconds(60),
            maxTries,
            Duration.ZERO,
            0,
            retryBurst,
            List.of(MODEL.name()),
            4,
            Duration.ofMillis(250),
            DataSize.ofMegabytes(1),
            Duration.ofSeconds(1),
            10,
            10,
            Duration.ofSeconds(10),
            Duration.ofSeconds(10),
            true);
    this.forwarding =
        new Forwarding(
            () -> fleet,
            TestBalancer.first(() -> fleet, ejected, inFlight, loads, timer::now),
            replicas,
            inFlight,
            loads,
            ejected,
            new SlowOutliers(loads, ejected, 4),
            new RetryBudget(properties.retryShare(), properties.retryBurst()),
            new HedgingDelay(properties),
            suspects,
            replica -> Mono.just(living.contains(replica.id())),
            timer,
            new GatewayMetrics(meters),
            properties,
            timer::now);
  }

  private static Replica replica(String id) {
    return Replica.of(
        new DefaultServiceInstance(
            id,
            "inference-service",
            "127.0.0.1",
            1,
            false,
            Map.of("models-ready", "m:1", "models-contents", "m/1@aaaaaaaaaaaa", "started", "1")));
  }

  /** The model has answered many requests, of every size that tests send. */
  Forwarded vouchedFor() {
    TestSuspects.vouch(
        suspects, fleet.registered().getFirst(), new RunRequest(MODEL, 1 << 20, false, null));
    return this;
  }

  /** What a client sees of its call. */
  static final class Client {

    final FakeAnswer answer = new FakeAnswer();
    int ends;
    @Nullable Throwable failure;
    private @Nullable Disposable subscription;

    boolean isServed() {
      return ends == 1 && failure == null;
    }

    GatewayException refusal() {
      if (failure instanceof GatewayException refusal) {
        return refusal;
      }
      throw new AssertionError("not refused", failure);
    }

    void leaves() {
      if (subscription != null) {
        subscription.dispose();
      }
    }
  }

  Client infers() {
    return sends(new RequestBody.Kept(new byte[] {1, 2, 3}));
  }

  Client sends(RequestBody body) {
    Client client = new Client();
    return forward(
        client, TestCalls.infer(MODEL.name(), client.answer, timer.now() + 60_000 * MILLI), body);
  }

  Client infersUntil(long deadlineNanos) {
    Client client = new Client();
    return forward(
        client,
        TestCalls.infer(MODEL.name(), client.answer, deadlineNanos),
        new RequestBody.Kept(new byte[] {1, 2, 3}));
  }

  Client asksAbout() {
    Client client = new Client();
    return forward(
        client,
        TestCalls.describe(MODEL.name(), client.answer, timer.now() + 60_000 * MILLI),
        RequestBody.Kept.EMPTY);
  }

  private Client forward(Client client, Call call, RequestBody body) {
    client.subscription =
        forwarding
            .forward(call, MODEL, body)
            .subscribe(
                nothing -> {},
                failure -> {
                  client.failure = failure;
                  client.ends++;
                },
                () -> client.ends++);
    return client;
  }

  /** Teaches the latency of the model by requests that take that long. */
  void learn(int requests, long nanos) throws Exception {
    for (int i = 0; i < requests; i++) {
      Client client = infers();
      timer.advance(nanos);
      replicas.open().getFirst().answers(200);
      if (!client.isServed()) {
        throw new AssertionError("not served", client.failure);
      }
    }
    replicas.tries().clear();
  }

  double retried(String reason) {
    return meters.find("fleet.gateway.retries").tag("reason", reason).counters().stream()
        .mapToDouble(counter -> counter.count())
        .sum();
  }

  /** Requests that replicas are counted to have. */
  int counted() {
    return fleet.registered().stream().mapToInt(each -> inFlight.count(each.id())).sum();
  }
}
