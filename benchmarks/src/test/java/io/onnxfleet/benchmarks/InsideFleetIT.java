package io.onnxfleet.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.onnxfleet.testing.process.FleetProcesses;
import io.onnxfleet.testing.process.Running;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.Test;

/** Real processes that share a secret, and a registry that is late and then goes away. */
class InsideFleetIT {
  private static final String MODEL = "all-minilm-l6-v2";
  private static final String SECRET = "a-secret-of-this-test-only-0123456789";
  private static final Path ROOT = Path.of(System.getProperty("fleet.root", ".."));
  private static final Duration LONG = Duration.ofMinutes(3);
  private static final String EMBED = "{\"model\": \"" + MODEL + "\", \"input\": \"Hello, fleet\"}";

  private static final List<String> CREDENTIALS = List.of("Authorization", "Cookie", "X-API-Key");

  private final HttpClient http =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  private static FleetProcesses processes(Path logs) throws IOException {
    return new FleetProcesses(ROOT, logs, "--fleet.secret=" + SECRET).startingSoon();
  }

  @Test
  void fleet_letsNobodyElseIn_andIsReadyOnceTheRegistryKnowsIt() throws Exception {
    Path logs = Path.of("target/fleet/inside");
    try (FleetProcesses fleet = processes(logs)) {
      Running gateway = fleet.startGateway();
      Running replica = fleet.startReplica("replica");
      fleet.awaitOk(replica, "/v2/health/live");
      await()
          .atMost(LONG)
          .until(() -> Files.readString(replica.log()).contains("joining the registry"));
      // Its models serve, and nobody can find it: not for a moment only.
      await()
          .during(Duration.ofSeconds(5))
          .atMost(LONG)
          .until(
              () ->
                  fleet.status(replica, "/v2/health/ready") == 503
                      && fleet.status(replica, "/readyz") == 503);
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

  /**
   * Once a false registration was sent most calls, with their callers' credentials. Without the
   * secret there is none; one by somebody who has it leads no call out of the fleet's networks, and
   * within them no call takes credentials along.
   */
  @Test
  void falseRegistration_isRefused_orAskedNothing_andNeverSentCredentials() throws Exception {
    Path logs = Path.of("target/fleet/false-registration");
    try (FleetProcesses fleet = processes(logs);
        FalseReplica inside = FalseReplica.plain("127.0.0.1");
        FalseReplica outside = FalseReplica.plain("127.0.0.2")) {
      URI apps = fleet.startRegistry().base().resolve("/eureka/apps/INFERENCE-SERVICE");
      Running gateway =
          fleet.startGateway(
              "gateway", "--fleet.gateway.registry.networks=127.0.0.1/32,10.0.0.0/8");
      List<Running> replicas = List.of(fleet.startReplica("one"), fleet.startReplica("two"));
      for (Running replica : replicas) {
        fleet.awaitOk(replica, "/v2/health/ready");
      }
      fleet.awaitOk(gateway, "/v2/models/" + MODEL + "/ready");

      String attack = FalseReplica.registration("127.0.0.1", inside.port(), false, MODEL);
      assertThat(post(apps, attack)).isEqualTo(401);
      for (String guess : List.of("guess", "", SECRET)) {
        assertThat(post(apps, attack, "Authorization", basic(guess))).isEqualTo(401);
      }
      String renewal = apps + "/false:127.0.0.1:" + inside.port();
      assertThat(
              http.send(
                      HttpRequest.newBuilder(URI.create(renewal))
                          .PUT(BodyPublishers.noBody())
                          .build(),
                      BodyHandlers.discarding())
                  .statusCode())
          .isEqualTo(401);
      callAll(gateway, 100);
      assertThat(inside.requests()).isEmpty();

      String known = basic(password());
      for (String host : List.of("127.0.0.2", "localhost")) {
        assertThat(
                post(
                    apps,
                    FalseReplica.registration(host, outside.port(), false, MODEL),
                    "Authorization",
                    known))
            .isEqualTo(204);
        await()
            .atMost(LONG)
            .until(
                () ->
                    Files.readString(gateway.log())
                        .contains("http://" + host + ":" + outside.port() + " is asked nothing"));
      }
      callAll(gateway, 200);
      assertThat(outside.requests()).isEmpty();

      assertThat(post(apps, attack, "Authorization", known)).isEqualTo(204);
      await()
          .atMost(LONG)
          .until(
              () -> {
                // Whatever comes of it: now and then one is sent there, until it is left out.
                call(gateway);
                return inside.requests().stream().anyMatch(sent -> sent.line().startsWith("POST"));
              });
      assertThat(outside.requests()).isEmpty();
      for (FalseReplica.Received sent : inside.requests()) {
        assertThat(sent.headers())
            .as(sent.line())
            .doesNotContainKeys(CREDENTIALS.toArray(String[]::new))
            .doesNotContainValue(known);
        assertThat(sent.headers().values()).noneMatch(value -> value.contains("users-own"));
      }
    }
  }

  /** Each is answered, whatever else is registered. */
  private void callAll(Running gateway, int calls) throws Exception {
    for (int call = 0; call < calls; call++) {
      assertThat(call(gateway)).isEqualTo(200);
    }
  }

  /** With its caller's credentials. */
  private int call(Running gateway) throws Exception {
    String[] headers =
        CREDENTIALS.stream().flatMap(name -> Stream.of(name, "users-own")).toArray(String[]::new);
    return post(gateway.base().resolve("/v1/embeddings"), EMBED, headers);
  }

  private static String basic(String password) {
    return "Basic "
        + Base64.getEncoder()
            .encodeToString(("fleet:" + password).getBytes(StandardCharsets.UTF_8));
  }

  /** As docs/operations.md has an administrator make it. */
  private static String password() throws GeneralSecurityException {
    Mac mac = Mac.getInstance("HmacSHA256");
    mac.init(new SecretKeySpec(SECRET.getBytes(StandardCharsets.UTF_8), "HmacSHA256"));
    return Base64.getUrlEncoder()
        .withoutPadding()
        .encodeToString(mac.doFinal("onnx-fleet registry v1".getBytes(StandardCharsets.UTF_8)));
  }

  private int post(URI uri, String json, String... headers)
      throws IOException, InterruptedException {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(uri)
            .timeout(Duration.ofSeconds(30))
            .header("Content-Type", "application/json")
            .POST(BodyPublishers.ofString(json));
    if (headers.length > 0) {
      request.headers(headers);
    }
    return http.send(request.build(), BodyHandlers.discarding()).statusCode();
  }
}
