package io.onnxfleet.deployment;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ComposeTest {
  @Test
  void services_areContained() throws IOException {
    Map<?, ?> services = Repository.yaml("docker-compose.yml").at("services").map();
    assertThat(services).hasSize(8);
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

  /**
   * Each reads the secret that the first start makes; the volume is written by one service alone.
   */
  @Test
  void everyProcess_hasTheFleetsSecret() throws IOException {
    Node services = Repository.yaml("docker-compose.yml").at("services");
    assertThat(services.at("models/command/0").text()).contains("/inside/secret", "/dev/urandom");
    for (String name :
        List.of("discovery-server", "gateway-service", "inference-service", "job-service")) {
      Node service = services.at(name);
      assertThat(service.at("environment/FLEET_SECRET_FILE").text())
          .as(name)
          .isEqualTo("/inside/secret");
      assertThat(service.at("volumes").elements()).as(name).contains(new Node("inside:/inside:ro"));
    }
    assertThat(services.at("discovery-server/depends_on/models/condition").text())
        .isEqualTo("service_completed_successfully");
  }

  /** A Swarm listens to all: nothing there may have a secret of its own, or none. */
  @Test
  void swarm_takesItsSecretsFromTheCluster() throws IOException {
    Node swarm =
        Node.ofYaml(Repository.read("docker-compose.swarm.yml").replaceAll("!\\w+", "")).getFirst();
    Map<?, ?> secrets = swarm.at("secrets").map();
    assertThat(secrets).hasSize(3);
    String operations = Repository.read("docs/operations.md");
    secrets.forEach(
        (name, secret) -> {
          assertThat(new Node(secret).at("external").text()).isEqualTo("true");
          assertThat(operations).contains("docker secret create " + name + " ");
        });
    for (String name :
        List.of(
            "discovery-server",
            "discovery-peer",
            "gateway-service",
            "inference-service",
            "job-service")) {
      assertThat(swarm.at("services/" + name + "/environment/FLEET_SECRET_FILE").text())
          .as(name)
          .isEqualTo("/run/secrets/onnx-fleet-inside");
      assertThat(swarm.at("services/" + name + "/secrets").elements())
          .as(name)
          .contains(new Node("onnx-fleet-inside"));
    }
    assertThat(swarm.at("services/gateway-service/environment/FLEET_GATEWAY_SECURITY_KEYS").text())
        .isEqualTo("/run/secrets/onnx-fleet-keys");
    Node grafana = swarm.at("services/grafana");
    assertThat(grafana.at("ports").isPresent()).isFalse();
    assertThat(grafana.at("environment/GF_SECURITY_ADMIN_PASSWORD").isPresent()).isFalse();
    assertThat(grafana.at("environment/GF_SECURITY_ADMIN_PASSWORD__FILE").text())
        .isEqualTo("/run/secrets/onnx-fleet-grafana");
  }

  /** What was accepted outlives containers, and is no two processes' at a time. */
  @Test
  void jobService_keepsItsFolder_whereverItRuns() throws IOException {
    Node compose = Repository.yaml("docker-compose.yml");
    Node swarm =
        Node.ofYaml(Repository.read("docker-compose.swarm.yml").replaceAll("!\\w+", "")).getFirst();
    assertThat(Repository.read("docker/Dockerfile"))
        .contains("install -d -o 10001 -g 10001 /jobs")
        .contains("FLEET_JOBS_DIRECTORY=/jobs ");
    for (Node file : List.of(compose, swarm)) {
      assertThat(file.at("services/job-service/volumes").elements())
          .contains(new Node("jobs:/jobs"));
    }
    assertThat(compose.at("volumes").map().containsKey("jobs")).isTrue();
    Node deploy = swarm.at("services/job-service/deploy");
    assertThat(deploy.at("replicas").number()).isEqualTo(1);
    assertThat(deploy.at("update_config/order").text()).isEqualTo("stop-first");
    String constraint = deploy.at("placement/constraints/0").text();
    assertThat(constraint).matches("node\\.labels\\.[a-z-]+ == true");
    assertThat(Repository.read("docs/operations.md"))
        .contains(
            "--label-add " + constraint.replaceAll("node\\.labels\\.| == true", "") + "=true");
    assertThat(compose.at("services/gateway-service/depends_on").map().containsKey("job-service"))
        .as("the gateway waits for it")
        .isFalse();
  }

  @Test
  void stopGracePeriod_isLongerThanDrain() throws IOException {
    Node services = Repository.yaml("docker-compose.yml").at("services");

    assertThat(seconds(services.at("inference-service/stop_grace_period")))
        .isGreaterThan(Repository.inferenceStopSeconds());
    assertThat(seconds(services.at("gateway-service/stop_grace_period")))
        .isGreaterThan(Repository.gatewayStopSeconds());
    assertThat(seconds(services.at("job-service/stop_grace_period")))
        .isGreaterThan(Repository.jobsStopSeconds());
  }

  private static long seconds(Node duration) {
    assertThat(duration.text()).matches("\\d+s");
    return Long.parseLong(duration.text().replace("s", ""));
  }
}
