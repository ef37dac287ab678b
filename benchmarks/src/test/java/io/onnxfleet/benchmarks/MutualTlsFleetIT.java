package io.onnxfleet.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.onnxfleet.testing.process.FleetProcesses;
import io.onnxfleet.testing.process.Running;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSession;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Real processes that know each other by certificates, and others that would like to. */
class MutualTlsFleetIT {
  private static final String MODEL = "all-minilm-l6-v2";
  private static final Path ROOT = Path.of(System.getProperty("fleet.root", ".."));
  private static final Duration LONG = Duration.ofMinutes(3);
  private static final String EMBED = "{\"model\": \"" + MODEL + "\", \"input\": \"Hello, fleet\"}";
  private static final String GATEWAY = "gateway-service";
  private static final String REPLICA = "inference-service";
  private static final String REGISTRY = "discovery-server";
  private static final List<String> HEALTH = List.of("/v2/health/live", "/v2/health/ready");
  private static final List<String> CLOSED =
      List.of("/v2/models/" + MODEL, "/v2/models/stats", "/v2/fleet/self", "/actuator/prometheus");

  @TempDir private static Path folder;
  private static Path ours;
  private static Path theirs;
  private static Path expired;

  @BeforeAll
  static void makesCertificates() throws Exception {
    ours = TestCertificates.make(folder.resolve("ours"), 5, GATEWAY, REPLICA, REGISTRY);
    theirs = TestCertificates.make(folder.resolve("theirs"), 5, GATEWAY, REPLICA, REGISTRY);
    expired = folder.resolve("expired");
    Files.createDirectories(expired);
    Files.copy(ours.resolve("ca.p12"), expired.resolve("ca.p12"));
    TestCertificates.make(expired, -1, GATEWAY, REPLICA);
  }

  /** What this side trusts; it shows no certificate. */
  private static SSLContext asking(Path certificates) throws Exception {
    return TestCertificates.context(null, certificates.resolve(GATEWAY));
  }

  @Test
  void fleet_answersItsGateway_andNobodyElse() throws Exception {
    try (FleetProcesses fleet =
        FleetProcesses.withTls(ROOT, Path.of("target/fleet/mutual-tls"), ours, asking(ours))
            .startingSoon()) {
      fleet.startRegistry();
      Running replica = fleet.startReplica("replica");
      Running gateway = fleet.startGateway();
      fleet.awaitOk(replica, "/v2/health/ready");
      fleet.awaitOk(gateway, "/v2/models/" + MODEL + "/ready");
      assertThat(embed(gateway.base())).isEqualTo(200);

      replicaTakesGatewaysOnly(replica.base());
      registryTakesTheFleetOnly(fleet.registry());
      falseReplicasAreAskedNothing(fleet, gateway);

      // It trusts nobody here, and nobody trusts it.
      Running impostor = fleet.startGateway("impostor", theirs);
      await()
          .atMost(LONG)
          .until(() -> Files.readString(impostor.log()).contains("Started GatewayService"));
      await()
          .during(Duration.ofSeconds(5))
          .atMost(LONG)
          .until(() -> fleet.status(impostor, "/readyz") == 503 && embed(impostor.base()) == 503);
      assertThat(embed(gateway.base())).isEqualTo(200);
    }
  }

  private static void replicaTakesGatewaysOnly(URI replica) throws Exception {
    try (HttpClient ofGateway = client(ours.resolve(GATEWAY));
        HttpClient nobody = client(null);
        HttpClient ofReplica = client(ours.resolve(REPLICA));
        HttpClient late = client(expired.resolve(GATEWAY));
        HttpClient stranger = client(theirs.resolve(GATEWAY))) {
      assertThat(post(ofGateway, replica.resolve("/v1/embeddings"), EMBED).statusCode())
          .isEqualTo(200);
      for (String path : HEALTH) {
        assertThat(get(nobody, replica.resolve(path))).as(path).isEqualTo(200);
        assertThat(get(ofReplica, replica.resolve(path))).as(path).isEqualTo(200);
      }
      for (HttpClient refused : List.of(nobody, ofReplica)) {
        for (String path : CLOSED) {
          assertThat(get(refused, replica.resolve(path))).as(path).isEqualTo(401);
        }
        for (String path :
            List.of(
                "/v1/embeddings",
                "/v2/models/" + MODEL + "/infer",
                "/v2/repository/index",
                "/v2/repository/models/" + MODEL + "/unload",
                "/v2/repository/models/" + MODEL + "/load")) {
          assertThat(post(refused, replica.resolve(path), "{}").statusCode())
              .as(path)
              .isEqualTo(401);
        }
      }
      assertThat(post(nobody, replica.resolve("/v1/embeddings"), EMBED).body())
          .contains("client's certificate: none");
      assertThat(post(ofReplica, replica.resolve("/v1/embeddings"), EMBED).body())
          .contains("expected: for gateway-service");
      // These do not get as far as a request.
      for (HttpClient unknown : List.of(late, stranger)) {
        for (String path : HEALTH) {
          assertThatThrownBy(() -> get(unknown, replica.resolve(path)))
              .isInstanceOf(IOException.class);
        }
      }
    }
  }

  private static void registryTakesTheFleetOnly(URI registry) throws Exception {
    URI apps = registry.resolve("/eureka/apps");
    URI copies = registry.resolve("/eureka/peerreplication/batch/");
    try (HttpClient ofReplica = client(ours.resolve(REPLICA));
        HttpClient nobody = client(null);
        HttpClient late = client(expired.resolve(REPLICA));
        HttpClient stranger = client(theirs.resolve(REPLICA))) {
      HttpResponse<String> listed =
          ofReplica.send(
              HttpRequest.newBuilder(apps).header("Accept", "application/json").build(),
              BodyHandlers.ofString());
      assertThat(listed.statusCode()).isEqualTo(200);
      assertThat(listed.body())
          .containsPattern("\"securePort\":\\{\"\\$\":\\d+,\"@enabled\":\"true\"}");
      assertThat(get(nobody, registry.resolve("/actuator/health"))).isEqualTo(200);
      for (String path : List.of("/", "/eureka/apps", "/eureka/apps/delta", "/lastn")) {
        assertThat(get(nobody, registry.resolve(path))).as(path).isEqualTo(401);
      }
      assertThat(register(nobody, registry, "127.0.0.1", 1, true)).isEqualTo(401);
      // Only registries copy.
      assertThat(post(ofReplica, copies, "{\"replicationList\": []}").statusCode()).isEqualTo(401);
      for (HttpClient unknown : List.of(late, stranger)) {
        assertThatThrownBy(() -> get(unknown, apps)).isInstanceOf(IOException.class);
      }
    }
  }

  /** Registered by somebody of the fleet who has no replica's certificate. */
  private static void falseReplicasAreAskedNothing(FleetProcesses fleet, Running gateway)
      throws Exception {
    try (HttpClient insider = client(ours.resolve(GATEWAY));
        FalseReplica stranger = FalseReplica.withCertificate(theirs.resolve(REPLICA));
        FalseReplica late = FalseReplica.withCertificate(expired.resolve(REPLICA));
        FalseReplica ofAnotherKind = FalseReplica.withCertificate(ours.resolve(GATEWAY));
        FalseReplica plain = FalseReplica.plain("127.0.0.1")) {
      List<FalseReplica> all = List.of(stranger, late, ofAnotherKind, plain);
      for (FalseReplica replica : all) {
        assertThat(
                register(insider, fleet.registry(), "127.0.0.1", replica.port(), replica != plain))
            .isEqualTo(204);
      }
      await()
          .atMost(LONG)
          .until(() -> Files.readString(gateway.log()).contains(":" + stranger.port()));
      for (int call = 0; call < 100; call++) {
        assertThat(embed(gateway.base())).isEqualTo(200);
      }
      for (FalseReplica replica : all) {
        assertThat(replica.requests()).isEmpty();
      }
      assertThat(plain.connections()).isZero();
      assertThat(stranger.connections() + late.connections() + ofAnotherKind.connections())
          .as("it tried them")
          .isPositive();
    }
  }

  @Test
  void certificatesAndAuthority_areRenewed_whileTheFleetServes() throws Exception {
    Path used = folder.resolve("used");
    copy(ours, used, true);
    Path logs = Path.of("target/fleet/mutual-tls-renewed");
    try (FleetProcesses fleet =
        FleetProcesses.withTls(
                ROOT,
                logs,
                used,
                asking(used),
                "--spring.ssl.bundle.watch.file.quiet-period=1s",
                // Connections are made all the time.
                "--fleet.gateway.routing.max-life-time=200ms")
            .startingSoon()) {
      fleet.startRegistry();
      Running replica = fleet.startReplica("replica");
      Running gateway = fleet.startGateway();
      fleet.awaitOk(replica, "/v2/health/ready");
      fleet.awaitOk(gateway, "/v2/models/" + MODEL + "/ready");
      assertThat(shown(replica.base(), ours)).isEqualTo(serial(ours, REPLICA));

      AtomicBoolean stopped = new AtomicBoolean();
      AtomicInteger answers = new AtomicInteger();
      try (ExecutorService caller = Executors.newSingleThreadExecutor()) {
        Future<?> calls =
            caller.submit(
                () -> {
                  while (!stopped.get()) {
                    assertThat(embed(gateway.base())).isEqualTo(200);
                    answers.incrementAndGet();
                    TimeUnit.MILLISECONDS.sleep(50);
                  }
                  return null;
                });
        try {
          // Both authorities are believed, then each process gets a certificate of the new one,
          // then
          // the old one is believed no more.
          for (String module : List.of(GATEWAY, REPLICA, REGISTRY)) {
            replace(
                used.resolve(module).resolve("ca.crt"),
                Files.readString(ours.resolve(module).resolve("ca.crt"))
                    + Files.readString(theirs.resolve(module).resolve("ca.crt")));
          }
          awaitTaken(theirs, GATEWAY, replica.base(), fleet.registry());
          TimeUnit.SECONDS.sleep(5); // The gateway has nobody who could tell.
          copy(theirs, used, false);
          await()
              .atMost(LONG)
              .ignoreExceptions()
              .until(() -> shown(replica.base(), theirs).equals(serial(theirs, REPLICA)));
          await()
              .atMost(LONG)
              .ignoreExceptions()
              .until(() -> shown(fleet.registry(), theirs).equals(serial(theirs, REGISTRY)));
          TimeUnit.SECONDS.sleep(5);
          copy(theirs, used, true);
          await()
              .atMost(LONG)
              .until(() -> isRefused(ours, replica.base()) && isRefused(ours, fleet.registry()));
          int before = answers.get();
          await().atMost(LONG).until(() -> answers.get() > before + 20 || calls.isDone());
        } finally {
          stopped.set(true);
        }
        calls.get(30, TimeUnit.SECONDS);
      }
      // The registry was never lost either: what it lists came by the new certificates.
      TimeUnit.SECONDS.sleep(8); // Longer than a lease.
      try (HttpClient renewed = client(theirs.resolve(GATEWAY), theirs)) {
        HttpResponse<String> listed =
            renewed.send(
                HttpRequest.newBuilder(fleet.registry().resolve("/eureka/apps/INFERENCE-SERVICE"))
                    .header("Accept", "application/json")
                    .build(),
                BodyHandlers.ofString());
        assertThat(listed.body()).contains("\"status\":\"UP\"");
      }
      assertThat(embed(gateway.base())).isEqualTo(200);
    }
  }

  /** Certificates, keys and, if so, authorities, each file as a whole. */
  private static void copy(Path from, Path to, boolean authorities) throws IOException {
    for (String module : List.of(GATEWAY, REPLICA, REGISTRY)) {
      Files.createDirectories(to.resolve(module));
      for (String file :
          authorities ? List.of("tls.key", "tls.crt", "ca.crt") : List.of("tls.key", "tls.crt")) {
        replace(
            to.resolve(module).resolve(file), Files.readString(from.resolve(module).resolve(file)));
      }
    }
  }

  private static void replace(Path file, String text) throws IOException {
    Path made = Files.writeString(file.resolveSibling("made"), text);
    Files.move(made, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  private static void awaitTaken(Path certificates, String name, URI... servers) {
    for (URI server : servers) {
      await()
          .atMost(LONG)
          .ignoreExceptions()
          .until(
              () -> {
                try (HttpClient client = client(certificates.resolve(name), ours)) {
                  return get(client, server.resolve("/actuator/info")) == 200;
                }
              });
    }
  }

  private static boolean isRefused(Path certificates, URI server) {
    try (HttpClient client = client(certificates.resolve(GATEWAY), theirs)) {
      get(client, server.resolve("/actuator/info"));
      return false;
    } catch (IOException refused) {
      return true;
    } catch (Exception other) {
      throw new AssertionError(other);
    }
  }

  /** The serial number of the certificate that a server shows. */
  private static String shown(URI server, Path trusted) throws Exception {
    try (HttpClient client = client(null, trusted)) {
      HttpResponse<Void> answer =
          client.send(
              HttpRequest.newBuilder(server.resolve("/actuator/health/liveness")).build(),
              BodyHandlers.discarding());
      SSLSession session = answer.sslSession().orElseThrow();
      return ((X509Certificate) session.getPeerCertificates()[0]).getSerialNumber().toString();
    }
  }

  private static String serial(Path certificates, String name) throws Exception {
    return TestCertificates.certificate(certificates.resolve(name)).getSerialNumber().toString();
  }

  private static HttpClient client(@Nullable Path own) throws Exception {
    return client(own, ours);
  }

  private static HttpClient client(@Nullable Path own, Path trusted) throws Exception {
    return HttpClient.newBuilder()
        .version(HttpClient.Version.HTTP_1_1)
        .connectTimeout(Duration.ofSeconds(10))
        .sslContext(TestCertificates.context(own, trusted.resolve(GATEWAY)))
        .build();
  }

  private static int register(
      HttpClient client, URI registry, String host, int port, boolean secure) throws Exception {
    return post(
            client,
            registry.resolve("/eureka/apps/INFERENCE-SERVICE"),
            FalseReplica.registration(host, port, secure, MODEL))
        .statusCode();
  }

  private static int embed(URI gateway) throws Exception {
    try (HttpClient plain = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build()) {
      return post(plain, gateway.resolve("/v1/embeddings"), EMBED).statusCode();
    }
  }

  private static int get(HttpClient client, URI uri) throws IOException, InterruptedException {
    return client
        .send(
            HttpRequest.newBuilder(uri).timeout(Duration.ofSeconds(30)).build(),
            BodyHandlers.discarding())
        .statusCode();
  }

  private static HttpResponse<String> post(HttpClient client, URI uri, String json)
      throws IOException, InterruptedException {
    return client.send(
        HttpRequest.newBuilder(uri)
            .timeout(Duration.ofSeconds(30))
            .header("Content-Type", "application/json")
            .POST(BodyPublishers.ofString(json))
            .build(),
        BodyHandlers.ofString());
  }
}
