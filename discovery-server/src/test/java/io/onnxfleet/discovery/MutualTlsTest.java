package io.onnxfleet.discovery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.ssl.SslBundle;
import org.springframework.boot.ssl.pem.PemSslStoreBundle;
import org.springframework.boot.ssl.pem.PemSslStoreDetails;
import org.springframework.context.ConfigurableApplicationContext;

/** Registries that know the fleet by certificates, and copy each other by them. */
class MutualTlsTest {
  private static final String SECRET = "a-secret-of-this-test-only-0123456789";

  private static final String INSTANCE =
      """
      {"instance": {"instanceId": "replica-1", "app": "INFERENCE-SERVICE", "hostName": "10.0.0.1",
        "ipAddr": "10.0.0.1", "vipAddress": "inference-service", "status": "UP",
        "port": {"$": 8081, "@enabled": "false"}, "securePort": {"$": 8081, "@enabled": "true"},
        "dataCenterInfo": {
          "@class": "com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo", "name": "MyOwn"},
        "leaseInfo": {"renewalIntervalInSecs": 60, "durationInSecs": 180}}}
      """;

  @TempDir private static Path folder;

  @BeforeAll
  static void makesCertificates() throws Exception {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                Path.of("..", "build", "DevCertificates.java").toString(),
                folder.toString(),
                "discovery-server",
                "inference-service",
                "stranger")
            .redirectErrorStream(true)
            .start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(said).isZero();
  }

  private static HttpClient client(String own) {
    Path files = folder.resolve(own);
    SslBundle bundle =
        SslBundle.of(
            new PemSslStoreBundle(
                PemSslStoreDetails.forCertificate(files.resolve("tls.crt").toUri().toString())
                    .withPrivateKey(files.resolve("tls.key").toUri().toString()),
                PemSslStoreDetails.forCertificate(files.resolve("ca.crt").toUri().toString())));
    return HttpClient.newBuilder().sslContext(bundle.createSslContext()).build();
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  private static ConfigurableApplicationContext start(int port, String... arguments) {
    List<String> all = new ArrayList<>(List.of(arguments));
    all.add("--server.port=" + port);
    all.add("--fleet.tls.directory=" + folder.resolve("discovery-server"));
    return new SpringApplicationBuilder(DiscoveryServer.class).run(all.toArray(String[]::new));
  }

  private static HttpRequest.Builder request(int port, String path) {
    return HttpRequest.newBuilder(URI.create("https://127.0.0.1:" + port + path))
        .header("Accept", "application/json")
        .header("Content-Type", "application/json");
  }

  private static int register(HttpClient client, HttpRequest.Builder request)
      throws IOException, InterruptedException {
    return client
        .send(request.POST(BodyPublishers.ofString(INSTANCE)).build(), BodyHandlers.discarding())
        .statusCode();
  }

  @Test
  void peers_copyEachOther() throws Exception {
    int one = freePort();
    int two = freePort();
    String[] peers = {
      "--spring.profiles.active=peers,mutual-tls",
      "--PEER_1=https://localhost:" + one + "/eureka/",
      "--PEER_2=https://127.0.0.1:" + two + "/eureka/",
      "--eureka.instance.hostname=localhost"
    };
    String[] others = peers.clone();
    others[3] = "--eureka.instance.hostname=127.0.0.1";
    try (ConfigurableApplicationContext first = start(one, peers);
        ConfigurableApplicationContext second = start(two, others);
        HttpClient replica = client("inference-service")) {
      // What came before the peer was up is copied by the next renewal: registered until it is
      // seen. Both registries are, since each also asks the other.
      await()
          .atMost(Duration.ofSeconds(60))
          .pollInterval(Duration.ofSeconds(1))
          .untilAsserted(
              () -> {
                assertThat(register(replica, request(one, "/eureka/apps/INFERENCE-SERVICE")))
                    .isEqualTo(204);
                String there =
                    replica
                        .send(request(two, "/eureka/apps").build(), BodyHandlers.ofString())
                        .body();
                assertThat(there).contains("replica-1").contains("DISCOVERY-SERVER");
              });
      assertThat(first.isActive() && second.isActive()).isTrue();
    }
  }

  @Test
  void secretAndCertificate_areBothNeeded_whereBothAreConfigured() throws Exception {
    int port = freePort();
    String app = "/eureka/apps/INFERENCE-SERVICE";
    try (ConfigurableApplicationContext registry =
            start(port, "--spring.profiles.active=mutual-tls", "--fleet.secret=" + SECRET);
        HttpClient replica = client("inference-service");
        HttpClient stranger = client("stranger")) {
      String pair =
          "fleet:" + io.onnxfleet.contract.fleet.FleetSecret.of(SECRET).registryPassword();
      String basic =
          "Basic " + Base64.getEncoder().encodeToString(pair.getBytes(StandardCharsets.UTF_8));
      assertThat(register(replica, request(port, app))).isEqualTo(401);
      assertThat(register(stranger, request(port, app))).isEqualTo(401);
      assertThat(register(stranger, request(port, app).header("Authorization", basic)))
          .isEqualTo(403);
      assertThat(register(replica, request(port, app).header("Authorization", basic)))
          .isEqualTo(204);
      assertThat(registry.isActive()).isTrue();
    }
  }
}
