package io.onnxfleet.deployment;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ComposeTest {
  @Test
  void services_areContained() throws IOException {
    Map<?, ?> services = Repository.yaml("docker-compose.yml").at("services").map();
    assertThat(services).hasSize(7);
    services.forEach(
        (name, value) -> {
          Node service = new Node(value);
          assertThat(service.at("deploy/resources/limits/memory").isPresent())
              .as("%s", name)
              .isTrue();
          assertThat(service.at("deploy/resources/limits/cpus").isPresent())
              .as("%s", name)
              .isTrue();
          assertThat(service.at("read_only").text()).as("%s", name).isEqualTo("true");
          assertThat(service.at("cap_drop/0").text()).as("%s", name).isEqualTo("ALL");
        });
  }

  @Test
  void portsOfGatewayAndGrafana_alone_arePublishedAndOnLoopback() throws IOException {
    Map<?, ?> services = Repository.yaml("docker-compose.yml").at("services").map();
    services.forEach(
        (name, value) -> {
          Node ports = new Node(value).at("ports");
          if (name.equals("gateway-service") || name.equals("grafana")) {
            assertThat(ports.at("0").text()).startsWith("127.0.0.1:");
          } else {
            assertThat(ports.isPresent()).as("%s publishes", name).isFalse();
          }
        });
  }

  @Test
  void stopGracePeriod_isLongerThanDrain() throws IOException {
    Node services = Repository.yaml("docker-compose.yml").at("services");

    assertThat(seconds(services.at("inference-service/stop_grace_period")))
        .isGreaterThan(Repository.inferenceStopSeconds());
    assertThat(seconds(services.at("gateway-service/stop_grace_period")))
        .isGreaterThan(Repository.gatewayStopSeconds());
  }

  private static long seconds(Node duration) {
    assertThat(duration.text()).matches("\\d+s");
    return Long.parseLong(duration.text().replace("s", ""));
  }
}
