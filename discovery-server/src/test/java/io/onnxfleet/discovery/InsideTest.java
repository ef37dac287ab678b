package io.onnxfleet.discovery;

import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.contract.fleet.FleetSecret;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;

/** Registries of a fleet with a secret: nobody else reads or writes them; they copy each other. */
class InsideTest {
  private static final String TEXT = "a-secret-of-this-test-only-0123456789";
  private static final String PASSWORD = FleetSecret.of(TEXT).registryPassword();
  private static final HttpClient CLIENT = HttpClient.newHttpClient();

  @AfterAll
  static void closeClient() {
    CLIENT.close();
  }

  private static ConfigurableApplicationContext start(int port, String... arguments) {
    String[] all = new String[arguments.length + 2];
    all[0] = "--server.port=" + port;
    all[1] = "--fleet.secret=" + TEXT;
    System.arraycopy(arguments, 0, all, 2, arguments.length);
    return new SpringApplicationBuilder(DiscoveryServer.class).run(all);
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  private static HttpResponse<String> send(
      int port, String method, String path, String body, String user, String password)
      throws IOException, InterruptedException {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
            .header("Accept", "application/json")
            .header("Content-Type", "application/json")
            .method(method, BodyPublishers.ofString(body));
    if (!user.isEmpty()) {
      String pair = user + ":" + password;
      request.header(
          "Authorization",
          "Basic " + Base64.getEncoder().encodeToString(pair.getBytes(StandardCharsets.UTF_8)));
    }
    return CLIENT.send(request.build(), BodyHandlers.ofString());
  }

  private static int status(int port, String method, String path)
      throws IOException, InterruptedException {
    return send(port, method, path, "", "", "").statusCode();
  }

  private static final String INSTANCE =
      """
      {"instance": {"instanceId": "replica-1", "app": "INFERENCE-SERVICE", "hostName": "10.0.0.1",
        "ipAddr": "10.0.0.1", "vipAddress": "inference-service", "status": "UP",
        "port": {"$": 8081, "@enabled": "true"},
        "dataCenterInfo": {
          "@class": "com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo", "name": "MyOwn"},
        "leaseInfo": {"renewalIntervalInSecs": 60, "durationInSecs": 180}}}
      """;

  @Test
  void strangers_readAndWriteNothing_andHealthIsOpen() throws Exception {
    int port = freePort();
    try (ConfigurableApplicationContext registry = start(port)) {
      String app = "/eureka/apps/INFERENCE-SERVICE";
      assertThat(send(port, "POST", app, INSTANCE, "", "").statusCode()).isEqualTo(401);
      assertThat(send(port, "POST", app, INSTANCE, "fleet", "guess").statusCode()).isEqualTo(401);
      assertThat(send(port, "POST", app, INSTANCE, "fleet", TEXT).statusCode()).isEqualTo(401);
      assertThat(send(port, "POST", app, INSTANCE, "other", PASSWORD).statusCode()).isEqualTo(401);
      for (String path :
          List.of(
              "/",
              "/lastn",
              "/eureka/apps",
              "/eureka/apps/delta",
              app,
              app + "/replica-1",
              "/eureka/peerreplication/batch/",
              "/actuator",
              "/actuator/info",
              "/unknown",
              "/eureka/js/wro.js",
              "/actuator/health/../../eureka/apps")) {
        for (String method : List.of("GET", "POST", "PUT", "DELETE")) {
          assertThat(status(port, method, path)).as("%s %s", method, path).isIn(400, 401);
        }
      }
      assertThat(send(port, "GET", "/eureka/apps", "", "fleet", PASSWORD).body())
          .doesNotContain("replica-1");
      assertThat(status(port, "GET", "/actuator/health")).isEqualTo(200);
      assertThat(status(port, "GET", "/actuator/health/readiness")).isEqualTo(200);

      assertThat(send(port, "POST", app, INSTANCE, "fleet", PASSWORD).statusCode()).isEqualTo(204);
      assertThat(send(port, "GET", "/eureka/apps", "", "fleet", PASSWORD).body())
          .contains("replica-1");
      assertThat(registry.isActive()).isTrue();
    }
  }

  @Test
  void peers_copyEachOther() throws Exception {
    int one = freePort();
    int two = freePort();
    String[] peers = {
      "--spring.profiles.active=peers",
      "--PEER_1=http://localhost:" + one + "/eureka/",
      "--PEER_2=http://127.0.0.1:" + two + "/eureka/"
    };
    try (ConfigurableApplicationContext first =
            start(one, with(peers, "--eureka.instance.hostname=localhost"));
        ConfigurableApplicationContext second =
            start(two, with(peers, "--eureka.instance.hostname=127.0.0.1"))) {
      Instant end = Instant.now().plus(Duration.ofSeconds(60));
      String there = "";
      // What came before the peer was up is copied by the next renewal: registered until it is
      // seen.
      while (!there.contains("replica-1") && Instant.now().isBefore(end)) {
        assertThat(
                send(one, "POST", "/eureka/apps/INFERENCE-SERVICE", INSTANCE, "fleet", PASSWORD)
                    .statusCode())
            .isEqualTo(204);
        Thread.sleep(500);
        there = send(two, "GET", "/eureka/apps", "", "fleet", PASSWORD).body();
      }
      assertThat(there).contains("replica-1");
      assertThat(first.isActive() && second.isActive()).isTrue();
    }
  }

  private static String[] with(String[] arguments, String last) {
    String[] all = java.util.Arrays.copyOf(arguments, arguments.length + 1);
    all[arguments.length] = last;
    return all;
  }
}
