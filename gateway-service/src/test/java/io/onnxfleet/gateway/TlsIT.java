package io.onnxfleet.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.onnxfleet.testing.process.Keytool;
import java.io.IOException;
import java.io.InputStream;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpClient.Version;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The gateway behind TLS: both versions of HTTP, clients that are slow, clients' certificates. */
class TlsIT {

  private static final String PASSWORD = "changeit";
  private static final String INFER = "/v2/models/a/infer";

  @TempDir private static Path folder;

  @BeforeAll
  static void certificates() throws Exception {
    for (String name : new String[] {"server", "client", "stranger"}) {
      Keytool.selfSigned(store(name), PASSWORD, name, "-ext", "san=ip:127.0.0.1");
      Keytool.run(store(name), PASSWORD, "-exportcert", "-alias", name, "-file", certificate(name));
    }
    Keytool.run(
        store("trust"),
        PASSWORD,
        "-importcert",
        "-noprompt",
        "-alias",
        "client",
        "-file",
        certificate("client"));
  }

  private static String certificate(String name) {
    return folder.resolve(name + ".crt").toString();
  }

  private static Path store(String name) {
    return folder.resolve(name + ".p12");
  }

  private static RunningGateway gateway(String... more) {
    List<String> all =
        new ArrayList<>(
            List.of(
                "server.ssl.key-store=" + store("server").toUri(),
                "server.ssl.key-store-password=" + PASSWORD));
    if (Stream.of(more).noneMatch(property -> property.startsWith("server.http2"))) {
      all.add("server.http2.enabled=true");
    }
    all.addAll(List.of(more));
    return new RunningGateway(all.toArray(String[]::new));
  }

  private static SSLContext tls(@Nullable String client)
      throws GeneralSecurityException, IOException {
    KeyStore trusted = KeyStore.getInstance("PKCS12");
    try (InputStream in = Files.newInputStream(store("server"))) {
      trusted.load(in, PASSWORD.toCharArray());
    }
    KeyStore trust = KeyStore.getInstance("PKCS12");
    trust.load(null, null);
    trust.setCertificateEntry("server", trusted.getCertificate("server"));
    TrustManagerFactory trusts = TrustManagerFactory.getInstance("PKIX");
    trusts.init(trust);
    KeyManagerFactory keys = null;
    if (client != null) {
      KeyStore own = KeyStore.getInstance("PKCS12");
      try (InputStream in = Files.newInputStream(store(client))) {
        own.load(in, PASSWORD.toCharArray());
      }
      keys = KeyManagerFactory.getInstance("PKIX");
      keys.init(own, PASSWORD.toCharArray());
    }
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(keys == null ? null : keys.getKeyManagers(), trusts.getTrustManagers(), null);
    return context;
  }

  private static HttpResponse<String> send(
      HttpClient client, RunningGateway gateway, String path, @Nullable String body)
      throws Exception {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create("https://127.0.0.1:" + gateway.port() + path));
    return client.send(
        (body == null ? request : request.POST(BodyPublishers.ofString(body))).build(),
        BodyHandlers.ofString());
  }

  private static HttpClient client(Version version, @Nullable String certificate) throws Exception {
    return HttpClient.newBuilder().version(version).sslContext(tls(certificate)).build();
  }

  @Test
  void bothVersionsOfHttp_areServed() throws Exception {
    try (RunningGateway gateway = gateway();
        FakeReplica replica = FakeReplica.answering("r", "{}")) {
      gateway.register(replica, "a:1");
      for (Version version : Version.values()) {
        if (version != Version.HTTP_1_1 && version != Version.HTTP_2) {
          continue;
        }
        try (HttpClient client = client(version, null)) {
          for (int i = 0; i < 3; i++) {
            HttpResponse<String> answer = send(client, gateway, INFER, "x".repeat(100_000));
            assertThat(answer.statusCode()).isEqualTo(200);
            assertThat(answer.version()).isEqualTo(version);
            assertThat(answer.headers().firstValue("X-Request-Id")).isPresent();
          }
          HttpResponse<String> unknown = send(client, gateway, "/v2/models/x", null);
          assertThat(unknown.statusCode()).isEqualTo(404);
          assertThat(unknown.body()).startsWith("{\"error\":\"").contains("unknown model: 'x'");
        }
      }
      assertThat(replica.received()).hasSize(6);
      assertThat(replica.received().getLast().body()).hasSize(100_000);
    }
  }

  @Test
  void idleConnection_isSentNothing_andASlowHeadIsAnsweredWithinTls() throws Exception {
    for (String http2 : new String[] {"true", "false"}) {
      try (RunningGateway gateway =
          gateway(
              "fleet.gateway.connections.head-timeout=500ms", "server.http2.enabled=" + http2)) {
        try (SSLSocket idle = connect(gateway)) {
          idle.setSoTimeout(1500);
          assertThatThrownBy(() -> idle.getInputStream().read())
              .isInstanceOf(SocketTimeoutException.class);
        }
        try (SSLSocket slow = connect(gateway)) {
          slow.setSoTimeout(5000);
          slow.getOutputStream()
              .write("GET /v2 HTTP/1.1\r\nHost: x\r\n".getBytes(StandardCharsets.US_ASCII));
          slow.getOutputStream().flush();
          String answer =
              new String(slow.getInputStream().readNBytes(12), StandardCharsets.US_ASCII);
          assertThat(answer).isEqualTo("HTTP/1.1 408");
        }
      }
    }
  }

  private static SSLSocket connect(RunningGateway gateway) throws Exception {
    SSLSocket socket =
        (SSLSocket) tls(null).getSocketFactory().createSocket("127.0.0.1", gateway.port());
    socket.startHandshake();
    return socket;
  }

  @Test
  void certificate_isACredential_ofItsOwnCaller() throws Exception {
    try (RunningGateway gateway =
            gateway(
                "server.ssl.trust-store=" + store("trust").toUri(),
                "server.ssl.trust-store-password=" + PASSWORD,
                "server.ssl.client-auth=want",
                "fleet.gateway.security.certificates=true",
                "fleet.gateway.security.certificate-models=a",
                "fleet.gateway.security.quotas.few.requests-per-minute=4",
                "fleet.gateway.security.certificate-quota=few");
        FakeReplica replica = FakeReplica.answering("r", "{}")) {
      gateway.register(replica, "a:1", "b:1");
      for (Version version : new Version[] {Version.HTTP_1_1, Version.HTTP_2}) {
        try (HttpClient none = client(version, null);
            HttpClient known = client(version, "client");
            HttpClient stranger = client(version, "stranger")) {
          assertThat(send(none, gateway, "/v2/health/live", null).statusCode()).isEqualTo(200);
          assertThat(send(none, gateway, INFER, "{}").statusCode()).isEqualTo(401);
          assertThat(send(known, gateway, INFER, "{}").statusCode()).isEqualTo(200);
          assertThat(send(known, gateway, "/v2/models/b/infer", "{}").statusCode()).isEqualTo(403);
          assertThat(status(stranger, gateway)).isNotEqualTo(200);
        }
      }
      assertThat(replica.received()).hasSize(2);
      assertThat(replica.received().getFirst().headers().get("Inference-Caller"))
          .startsWith("certificate:");
      // Each version of HTTP took two of the four, also for the model that it may not use.
      try (HttpClient known = client(Version.HTTP_2, "client")) {
        HttpResponse<String> refused = send(known, gateway, INFER, "{}");
        assertThat(refused.statusCode()).isEqualTo(429);
        assertThat(refused.body()).contains("requests_per_minute: used up (expected: <= 4");
      }
      assertThat(replica.received()).hasSize(2);
    }
  }

  /** A certificate of nobody's that is trusted is refused by the handshake, or not sent at all. */
  private static int status(HttpClient client, RunningGateway gateway) throws Exception {
    try {
      return send(client, gateway, INFER, "{}").statusCode();
    } catch (IOException refused) {
      return 0;
    }
  }

  @Test
  void clientWithoutCertificate_isRefused_whereOneIsNeeded() throws Exception {
    try (RunningGateway gateway =
            gateway(
                "server.ssl.trust-store=" + store("trust").toUri(),
                "server.ssl.trust-store-password=" + PASSWORD,
                "server.ssl.client-auth=need");
        HttpClient none =
            HttpClient.newBuilder()
                .version(Version.HTTP_1_1)
                .connectTimeout(Duration.ofSeconds(10))
                .sslContext(tls(null))
                .build()) {
      assertThatThrownBy(() -> send(none, gateway, "/v2", null)).isInstanceOf(IOException.class);
    }
  }
}
