package io.onnxfleet.gateway.fleet;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.springframework.cloud.client.DefaultServiceInstance;
import org.springframework.cloud.client.ServiceInstance;
import org.springframework.cloud.client.discovery.DiscoveryClient;

class FleetWatchTest {

  private static final ModelReference MODEL = new ModelReference("a b", null);

  private static final FleetProperties PROPERTIES =
      new FleetProperties(
          "inference-service",
          Duration.ofHours(1),
          Duration.ofSeconds(30),
          List.of("127.0.0.0/8", "10.0.0.0/8"));

  private final AtomicLong clock = new AtomicLong();
  private final Registry registry = new Registry();
  private final FleetWatch watch = new FleetWatch(registry, PROPERTIES, false, clock::get);

  private static final class Registry implements DiscoveryClient {

    private List<ServiceInstance> instances = List.of();
    private boolean failing;

    @Override
    public String description() {
      return "registry";
    }

    @Override
    public List<ServiceInstance> getInstances(String service) {
      if (failing) {
        throw new IllegalStateException("gone");
      }
      return instances;
    }

    @Override
    public List<String> getServices() {
      return List.of();
    }
  }

  @Test
  void fleet_hasReplicasByReadyModel() {
    list(instance("one", "a+b:1,a+b:2"), instance("two", "c:1"));

    assertThat(ids(watch.current().serving(MODEL))).containsExactly("one");
    assertThat(ids(watch.current().serving(new ModelReference("a b", "2")))).containsExactly("one");
    assertThat(watch.current().knows("known only")).isTrue();
    assertThat(watch.current().serving(new ModelReference("known only", null))).isEmpty();
    assertThat(watch.current().knows("nope")).isFalse();
  }

  /** It would be asked in plain text, by whoever registered it. */
  @Test
  void replica_withoutTls_isLeftOut_whereTheFleetSpeaksIt() {
    FleetWatch strict = new FleetWatch(registry, PROPERTIES, true, clock::get);
    Map<String, String> metadata = Map.of("models-ready", "m:1");
    registry.instances =
        List.of(
            new DefaultServiceInstance("plain", "s", "10.0.0.1", 8081, false, metadata),
            new DefaultServiceInstance("tls", "s", "10.0.0.2", 8081, true, metadata));

    strict.refresh();
    assertThat(ids(strict.current().registered())).containsExactly("tls");
    assertThat(strict.current().registered().getFirst().baseUri())
        .isEqualTo("https://10.0.0.2:8081");
    watch.refresh();
    assertThat(ids(watch.current().registered())).containsExactly("plain", "tls");
  }

  @Test
  void replica_vanishesForTheGrace_whenItIsNoLongerListed() {
    list(instance("one", "a+b:1"));
    list();
    assertThat(watch.current().serving(MODEL)).isEmpty();
    assertThat(ids(watch.current().vanishedServing(MODEL))).containsExactly("one");

    clock.addAndGet(Duration.ofSeconds(29).toNanos());
    watch.refresh();
    assertThat(watch.current().vanished()).hasSize(1);

    clock.addAndGet(Duration.ofSeconds(1).toNanos());
    watch.refresh();
    assertThat(watch.current().vanished()).isEmpty();
    assertThat(watch.current().knows("a b")).isFalse();
  }

  @Test
  void grace_startsAnew_whenTheReplicaCameBackInBetween() {
    list(instance("one", "a+b:1"));
    list();
    clock.addAndGet(Duration.ofSeconds(29).toNanos());
    list(instance("one", "a+b:1"));
    assertThat(watch.current().vanished()).isEmpty();
    clock.addAndGet(Duration.ofSeconds(29).toNanos());
    list();
    clock.addAndGet(Duration.ofSeconds(29).toNanos());
    watch.refresh();

    assertThat(watch.current().vanished()).hasSize(1);
  }

  @Test
  void lastFleet_stays_whenTheRegistryFails() {
    list(instance("one", "a+b:1"));
    Fleet before = watch.current();
    registry.failing = true;
    watch.refresh();

    assertThat(watch.current()).isSameAs(before);
  }

  @Test
  void listeners_hearOfChangesOnly() {
    List<Fleet> heard = new ArrayList<>();
    watch.onChange(heard::add);

    list(instance("one", "a+b:1"));
    list(instance("one", "a+b:1"));
    assertThat(heard).hasSize(1);
    list(instance("one", "a+b:1,a+b:2"));
    assertThat(heard).hasSize(2);
  }

  @Test
  void olderView_neverFollowsANewerOne_butAnotherProcessIsBelieved() {
    list(told("1000", "2", "new:1"));
    list(told("1000", "1", "old:1"));
    assertThat(watch.current().knows("new")).isTrue();
    assertThat(watch.current().knows("old")).isFalse();

    // A view without a count, by a replica of before, and a process that counts anew.
    list(told("1000", "3", "newer:1"));
    list(instance("one", "uncounted:1"));
    assertThat(watch.current().knows("uncounted")).isTrue();
    list(told("1000", "9", "last:1"));
    list(told("2000", "1", "restarted:1"));
    assertThat(watch.current().knows("restarted")).isTrue();
  }

  @Test
  void whatAReplicaTellsItself_staysUntilTheRegistryKnowsMore() {
    list(told("1000", "1", "a:1"));
    watch.told("one", Map.of("models-ready", "b:1", "started", "1000", "revision", "2"));
    assertThat(watch.current().knows("b")).isTrue();
    assertThat(watch.current().registered().getFirst().getMetadata()).containsKey("zone");

    list(told("1000", "1", "a:1"));
    assertThat(watch.current().knows("b")).isTrue();
    // Half of the change that the replica told whole.
    list(told("1000", "2", "a:1"));
    assertThat(watch.current().knows("b")).isTrue();
    watch.told("one", Map.of("models-ready", "a:1", "started", "1000", "revision", "1"));
    assertThat(watch.current().knows("b")).isTrue();

    list(told("1000", "3", "c:1"));
    assertThat(watch.current().knows("c")).isTrue();
    assertThat(watch.current().knows("b")).isFalse();
  }

  @Test
  void whoIsRegisteredFromElsewhere_isLeftOut() {
    ServiceInstance elsewhere =
        new DefaultServiceInstance(
            "false",
            "inference-service",
            "203.0.113.9",
            80,
            false,
            Map.of("models-ready", "a+b:1"));
    ServiceInstance named =
        new DefaultServiceInstance(
            "named", "inference-service", "localhost", 80, false, Map.of("models-ready", "a+b:1"));
    list(elsewhere, instance("one", "a+b:1"), named);

    assertThat(ids(watch.current().registered())).containsExactly("one");
    // A known replica that is said to be elsewhere now vanishes.
    list(
        new DefaultServiceInstance(
            "one",
            "inference-service",
            "203.0.113.9",
            8081,
            false,
            Map.of("models-ready", "a+b:1")));
    assertThat(watch.current().registered()).isEmpty();
  }

  private static ServiceInstance told(String started, String revision, String ready) {
    return new DefaultServiceInstance(
        "one",
        "inference-service",
        "127.0.0.1",
        8081,
        false,
        Map.of("models-ready", ready, "started", started, "revision", revision, "zone", "z"));
  }

  private void list(ServiceInstance... instances) {
    registry.instances = List.of(instances);
    watch.refresh();
  }

  private static ServiceInstance instance(String id, String ready) {
    return new DefaultServiceInstance(
        id,
        "inference-service",
        "127.0.0.1",
        8081,
        false,
        Map.of("models-ready", ready, "models-known", "known+only"));
  }

  private static List<String> ids(List<Replica> replicas) {
    return replicas.stream().map(Replica::id).toList();
  }
}
