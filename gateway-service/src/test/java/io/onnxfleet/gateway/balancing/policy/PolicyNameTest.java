package io.onnxfleet.gateway.balancing.policy;

import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.gateway.balancing.BalancingProperties;
import io.onnxfleet.gateway.balancing.Replicas;
import io.onnxfleet.gateway.fleet.Replica;
import io.onnxfleet.gateway.load.InFlightRequests;
import io.onnxfleet.gateway.load.ReplicaLoads;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.springframework.boot.context.properties.bind.Binder;
import org.springframework.boot.context.properties.source.MapConfigurationPropertySource;

class PolicyNameTest {

  @ParameterizedTest
  @EnumSource
  void create_givesAPolicyThatChooses(PolicyName name) {
    List<Replica> replicas = Replicas.ready("m:1", "a", "b");
    BalancingPolicy policy =
        name.create(
            new InFlightRequests(),
            new ReplicaLoads(Duration.ofSeconds(1), 8, () -> 0),
            (replica, model) -> {},
            bound -> bound - 1);

    assertThat(replicas).contains(policy.choose("m", replicas));
  }

  @ParameterizedTest
  @EnumSource
  void text_isWhatConfigurationTakes_andWhatItsPageNames(PolicyName name) throws IOException {
    Binder binder =
        new Binder(
            new MapConfigurationPropertySource(
                Map.of("fleet.gateway.balancing.policy", name.text())));
    String page =
        Files.readString(
            Path.of(System.getProperty("fleet.root", ".."), "docs", "configuration.md"));

    assertThat(binder.bind("fleet.gateway.balancing", BalancingProperties.class).get().policy())
        .isEqualTo(name);
    assertThat(page.lines().filter(line -> line.startsWith("| `policy` |")))
        .singleElement()
        .asString()
        .contains("`" + name.text() + "`");
  }
}
