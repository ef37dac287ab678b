package io.onnxfleet.gateway.balancing;

import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.gateway.fleet.Fleet;
import io.onnxfleet.gateway.fleet.ModelReference;
import io.onnxfleet.gateway.fleet.Replica;
import io.onnxfleet.gateway.load.InFlightRequests;
import io.onnxfleet.gateway.load.ReplicaLoads;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class ReplicaLoadBalancerTest {

  private static final ModelReference MODEL = new ModelReference("m", null);

  private final AtomicLong clock = new AtomicLong();
  private final EjectedReplicas ejected = new EjectedReplicas(Balancing.properties(), clock::get);
  private final ReplicaLoads loads = new ReplicaLoads(Duration.ofSeconds(1), 8, clock::get);
  private final InFlightRequests inFlight = new InFlightRequests();
  private final List<String> probed = new ArrayList<>();
  private final List<List<String>> offered = new ArrayList<>();
  private Fleet fleet =
      new Fleet(Replicas.ready("m:1", "a", "b", "c"), Replicas.ready("m:1", "gone"));
  private final ReplicaLoadBalancer balancer =
      new ReplicaLoadBalancer(
          () -> fleet,
          ejected,
          new SlowStart(Duration.ZERO, clock::get, bound -> 0),
          inFlight,
          loads,
          (replica, model) -> probed.add(replica.id()),
          this::first);

  @Test
  void candidates_areRegisteredReplicasWithTheModel() {
    assertThat(choose(MODEL)).isEqualTo("a");
    assertThat(offered).containsExactly(List.of("a", "b", "c"));
    assertThat(choose(new ModelReference("other", null))).isNull();
    assertThat(choose(new ModelReference("m", "1"))).isEqualTo("a");
  }

  @Test
  void candidates_areWithoutTriedAndLeftOutReplicas() {
    ejected.eject("b");

    assertThat(choose(MODEL, "a")).isEqualTo("c");
    assertThat(offered).containsExactly(List.of("c"));
  }

  @Test
  void candidates_areLeftOutReplicas_whenThereAreNoOthers() {
    ejected.eject("b");

    assertThat(choose(MODEL, "a", "c")).isEqualTo("b");
  }

  @Test
  void candidates_areVanishedReplicas_whenNoRegisteredOneIsLeft() {
    assertThat(choose(MODEL, "a", "b", "c")).isEqualTo("gone");
    assertThat(choose(MODEL, "a", "b", "c", "gone")).isNull();

    fleet = new Fleet(List.of(), Replicas.ready("m:1", "gone"));
    assertThat(choose(MODEL)).isEqualTo("gone");
  }

  @Test
  void dueReplica_isProbedOnce_andGetsOneRequestOnProbation() {
    ejected.eject("a");
    clock.addAndGet(Duration.ofSeconds(1).toNanos());
    assertThat(choose(MODEL)).isEqualTo("b");
    assertThat(choose(MODEL)).isEqualTo("b");
    assertThat(probed).containsExactly("a");

    ejected.heardOf("a");
    assertThat(choose(MODEL)).isEqualTo("a");
    try (var _ = inFlight.begin("a")) {
      assertThat(choose(MODEL)).isEqualTo("b");
    }
  }

  @Test
  void newReplica_isTakenBeforeOneThatIsLeftOut_howeverNewItIs() {
    SlowStart slowStart = new SlowStart(Duration.ofSeconds(1), clock::get, bound -> bound - 1);
    slowStart.update(new Fleet(Replicas.ready("m:1", "a"), List.of()));
    slowStart.update(new Fleet(Replicas.ready("m:1", "a", "b"), List.of()));
    ReplicaLoadBalancer starting =
        new ReplicaLoadBalancer(
            () -> fleet, ejected, slowStart, inFlight, loads, (replica, model) -> {}, this::first);
    assertThat(starting.choose(new ReplicaRequest(MODEL, Set.of("c"))))
        .hasToString("a at http://127.0.0.1:8081");
    ejected.eject("a");

    assertThat(starting.choose(new ReplicaRequest(MODEL, Set.of("c"))))
        .hasToString("b at http://127.0.0.1:8081");
  }

  @Test
  void fullReplica_isNoCandidate_untilItsTimeIsOver() {
    loads.of("m").of("a", 0).refusedFor(Duration.ofMillis(100), clock.get());

    assertThat(choose(MODEL)).isEqualTo("b");
    assertThat(balancer.hasRoom(new ReplicaRequest(MODEL, Set.of("b", "c")))).isFalse();
    clock.addAndGet(Duration.ofMillis(100).toNanos());
    assertThat(balancer.hasRoom(new ReplicaRequest(MODEL, Set.of("b", "c")))).isTrue();
    assertThat(choose(MODEL)).isEqualTo("a");
  }

  @Test
  void candidates_areAllReplicasWithTheModel_whenNoneHasTheVersion() {
    assertThat(choose(new ModelReference("m", "99"))).isEqualTo("a");
  }

  private Replica first(String model, List<Replica> candidates) {
    offered.add(candidates.stream().map(Replica::id).toList());
    return candidates.getFirst();
  }

  private @Nullable String choose(ModelReference model, String... excluded) {
    Replica chosen = balancer.choose(new ReplicaRequest(model, Set.of(excluded)));
    return chosen == null ? null : chosen.id();
  }
}
