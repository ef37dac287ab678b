package io.onnxfleet.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.onnxfleet.benchmarks.FleetProcesses.Running;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Real processes that share a secret, and a registry that is late and then goes away. */
class InsideFleetIT {
  private static final String MODEL = "all-minilm-l6-v2";
  private static final String SECRET = "a-secret-of-this-test-only-0123456789";
  private static final Path ROOT = Path.of(System.getProperty("fleet.root", ".."));
  private static final Duration LONG = Duration.ofMinutes(3);
  private static final String EMBED = "{\"model\": \"" + MODEL + "\", \"input\": \"Hello, fleet\"}";

  private final HttpClient http =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  @Test
  void fleet_letsNobodyElseIn_andIsReadyOnceTheRegistryKnowsIt() throws Exception {
    Path logs = Path.of("target/fleet/inside");
    try (FleetProcesses fleet = new FleetProcesses(ROOT, logs, "--fleet.secret=" + SECRET)) {
      Running gateway = fleet.startGateway();
      Running replica = fleet.startReplica("replica");
      fleet.awaitOk(replica, "/v2/health/live");
      await()
          .atMost(LONG)
          .until(() -> Files.readString(replica.log()).contains("joining the registry"));
      // Its models serve, and nobody can find it: not for a moment only.
      for (int second = 0; second < 5; second++) {
        assertThat(fleet.status(replica, "/v2/health/ready")).isEqualTo(503);
        assertThat(fleet.status(replica, "/readyz")).isEqualTo(503);
        TimeUnit.SECONDS.sleep(1);
      }
      assertThat(fleet.status(gateway, "/readyz")).isEqualTo(503);

      Running registry = fleet.startRegistry();
      fleet.awaitOk(replica, "/v2/health/ready");
      fleet.awaitOk(replica, "/readyz");
      fleet.awaitOk(gateway, "/readyz");
      fleet.awaitOk(gateway, "/v2/models/" + MODEL + "/ready");
      assertThat(post(gateway.base().resolve("/v1/embeddings"), EMBED)).isEqualTo(200);

      strangersAreRefused(fleet, replica);

      registry.kill();
      assertThat(registry.process().waitFor(30, TimeUnit.SECONDS)).isTrue();
      TimeUnit.SECONDS.sleep(8); // Longer than a lease.
      assertThat(fleet.status(replica, "/v2/health/ready")).isEqualTo(200);
      assertThat(fleet.status(gateway, "/readyz")).isEqualTo(200);
      assertThat(post(gateway.base().resolve("/v1/embeddings"), EMBED)).isEqualTo(200);

      for (Running process : List.of(gateway, replica, registry)) {
        assertThat(Files.readString(process.log())).as(process.name()).doesNotContain(SECRET);
      }
    }
  }

  private void strangersAreRefused(FleetProcesses fleet, Running replica) throws Exception {
    assertThat(post(replica.base().resolve("/v1/embeddings"), EMBED)).isEqualTo(401);
    assertThat(post(replica.base().resolve("/v2/models/" + MODEL + "/infer"), "{}")).isEqualTo(401);
    assertThat(post(replica.base().resolve("/v2/repository/models/" + MODEL + "/unload"), "{}"))
        .isEqualTo(401);
    assertThat(fleet.status(replica, "/v2/models/" + MODEL)).isEqualTo(401);
    URI registry = fleet.registry();
    assertThat(post(registry.resolve("/eureka/apps/INFERENCE-SERVICE"), "{}")).isEqualTo(401);
    assertThat(
            http.send(
                    HttpRequest.newBuilder(registry.resolve("/eureka/apps")).build(),
                    BodyHandlers.discarding())
                .statusCode())
        .isEqualTo(401);
  }

  private int post(URI uri, String json) throws IOException, InterruptedException {
    return http.send(
            HttpRequest.newBuilder(uri)
                .timeout(Duration.ofSeconds(30))
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString(json))
                .build(),
            BodyHandlers.discarding())
        .statusCode();
  }
}
