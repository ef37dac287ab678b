package io.onnxfleet.gateway.balancing;

import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.gateway.fleet.Fleet;
import io.onnxfleet.gateway.fleet.ModelReference;
import io.onnxfleet.gateway.fleet.Replica;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.springframework.cloud.client.ServiceInstance;
import org.springframework.cloud.client.loadbalancer.DefaultRequest;
import org.springframework.cloud.client.loadbalancer.Response;

class ReplicaLoadBalancerTest {

  private static final ModelReference MODEL = new ModelReference("m", null);

  private final LeftOutReplicas leftOut =
      new LeftOutReplicas(
          new BalancingProperties(Duration.ofSeconds(1), Duration.ofSeconds(1)), () -> 0L);
  private final List<List<String>> offered = new ArrayList<>();
  private Fleet fleet =
      new Fleet(Replicas.ready("m:1", "a", "b", "c"), Replicas.ready("m:1", "gone"));
  private final ReplicaLoadBalancer balancer =
      new ReplicaLoadBalancer(() -> fleet, leftOut, this::first);

  @Test
  void candidates_areRegisteredReplicasWithTheModel() {
    assertThat(choose(MODEL)).isEqualTo("a");
    assertThat(offered).containsExactly(List.of("a", "b", "c"));
    assertThat(choose(new ModelReference("other", null))).isNull();
    assertThat(choose(new ModelReference("m", "1"))).isEqualTo("a");
  }

  @Test
  void candidates_areWithoutTriedAndLeftOutReplicas() {
    leftOut.leaveOut("b");

    assertThat(choose(MODEL, "a")).isEqualTo("c");
    assertThat(offered).containsExactly(List.of("c"));
  }

  @Test
  void candidates_areLeftOutReplicas_whenThereAreNoOthers() {
    leftOut.leaveOut("b");

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
  void candidates_areAllReplicasWithTheModel_whenNoneHasTheVersion() {
    assertThat(choose(new ModelReference("m", "99"))).isEqualTo("a");
  }

  private Replica first(List<Replica> candidates) {
    offered.add(candidates.stream().map(Replica::id).toList());
    return candidates.getFirst();
  }

  private @Nullable String choose(ModelReference model, String... excluded) {
    Response<ServiceInstance> response =
        balancer
            .choose(new DefaultRequest<>(new ReplicaRequest(model, Set.of(excluded))))
            .blockOptional()
            .orElseThrow();
    ServiceInstance chosen = response.getServer();
    return chosen == null ? null : chosen.getInstanceId();
  }
}
