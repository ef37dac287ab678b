package io.onnxfleet.discovery;

import static org.assertj.core.api.Assertions.assertThat;

import com.netflix.eureka.registry.PeerAwareInstanceRegistry;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.List;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.boot.test.context.SpringBootTest.WebEnvironment;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.boot.test.web.server.LocalServerPort;

@SpringBootTest(webEnvironment = WebEnvironment.RANDOM_PORT)
@ExtendWith(OutputCaptureExtension.class)
class DiscoveryServerTest {

  private static final HttpClient CLIENT = HttpClient.newHttpClient();

  @LocalServerPort private int port;

  @Autowired private PeerAwareInstanceRegistry registry;

  @AfterAll
  static void closeClient() {
    CLIENT.close();
  }

  @Test
  void registry_listsInstanceAtOnce_whenItRegistered() throws Exception {
    assertThat(register("INFERENCE-SERVICE", "replica-1").statusCode()).isEqualTo(204);

    HttpResponse<String> listed = get("/eureka/apps/INFERENCE-SERVICE");

    assertThat(listed.statusCode()).isEqualTo(200);
    assertThat(listed.body()).contains("replica-1", "models-ready", "all-minilm-l6-v2:1");
    assertThat(get("/eureka/apps").body()).contains("replica-1");
  }

  @Test
  void registry_forgetsInstanceAtOnce_whenItLeft() throws Exception {
    register("LEAVING-SERVICE", "replica-2");
    assertThat(get("/eureka/apps").body()).contains("replica-2");

    HttpResponse<String> left =
        CLIENT.send(
            HttpRequest.newBuilder(uri("/eureka/apps/LEAVING-SERVICE/replica-2")).DELETE().build(),
            BodyHandlers.ofString());

    assertThat(left.statusCode()).isEqualTo(200);
    assertThat(get("/eureka/apps").body()).doesNotContain("replica-2");
  }

  /** As after a change while the answer was being made: the registry does not throw it away. */
  @Test
  void answerThatMissedAChange_isNotKept() throws Exception {
    register("MISSED-SERVICE", "replica-4");
    assertThat(get("/eureka/apps").body()).contains("replica-4");

    registry
        .getInstanceByAppAndId("MISSED-SERVICE", "replica-4")
        .getMetadata()
        .put("missed", "a-change");

    Awaitility.await().until(() -> get("/eureka/apps").body().contains("a-change"));
  }

  @Test
  void log_hasALineForEachChange_andNoneAtRest(CapturedOutput output) throws Exception {
    String before = output.getAll();
    register("QUIET-SERVICE", "replica-3");
    register("QUIET-SERVICE", "replica-3");
    CLIENT.send(
        HttpRequest.newBuilder(uri("/eureka/apps/QUIET-SERVICE/replica-3"))
            .PUT(BodyPublishers.noBody())
            .build(),
        BodyHandlers.ofString());
    // Others are renewed by nobody, and looked at once a second: 6 s, and 6 more that Eureka adds.
    Awaitility.await()
        .atMost(Duration.ofSeconds(40))
        .until(() -> output.getAll().contains("expired: QUIET-SERVICE replica-3"));

    List<String> lines =
        output.getAll().substring(before.length()).lines().filter(line -> !line.isBlank()).toList();
    assertThat(lines).filteredOn(line -> line.contains("QUIET-SERVICE")).hasSize(2);
    assertThat(lines).allMatch(line -> line.contains("joined: ") || line.contains("expired: "));
  }

  @Test
  void renewal_isRefused_whenInstanceIsUnknown() throws Exception {
    HttpResponse<String> renewed =
        CLIENT.send(
            HttpRequest.newBuilder(uri("/eureka/apps/INFERENCE-SERVICE/nobody"))
                .PUT(BodyPublishers.noBody())
                .build(),
            BodyHandlers.ofString());

    assertThat(renewed.statusCode()).isEqualTo(404);
  }

  @Test
  void page_showsRegistry() throws Exception {
    HttpResponse<String> page =
        CLIENT.send(
            HttpRequest.newBuilder(uri("/")).header("Accept", "text/html").build(),
            BodyHandlers.ofString());

    assertThat(page.statusCode()).isEqualTo(200);
    assertThat(page.body()).contains("Instances currently registered with Eureka");
  }

  @Test
  void health_isUp() throws Exception {
    HttpResponse<String> health = get("/actuator/health");

    assertThat(health.statusCode()).isEqualTo(200);
    assertThat(health.body()).contains("\"UP\"");
  }

  private HttpResponse<String> register(String application, String id)
      throws IOException, InterruptedException {
    String instance =
        """
        {"instance": {"instanceId": "%2$s", "app": "%1$s", "hostName": "127.0.0.1",
          "ipAddr": "127.0.0.1", "vipAddress": "%1$s", "status": "UP",
          "port": {"$": 8081, "@enabled": "true"},
          "dataCenterInfo": {
            "@class": "com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo", "name": "MyOwn"},
          "leaseInfo": {"renewalIntervalInSecs": 2, "durationInSecs": 6},
          "metadata": {"models-ready": "all-minilm-l6-v2:1"}}}
        """
            .formatted(application, id);
    return CLIENT.send(
        HttpRequest.newBuilder(uri("/eureka/apps/" + application))
            .header("Content-Type", "application/json")
            .POST(BodyPublishers.ofString(instance))
            .build(),
        BodyHandlers.ofString());
  }

  private HttpResponse<String> get(String path) throws IOException, InterruptedException {
    return CLIENT.send(
        HttpRequest.newBuilder(uri(path)).header("Accept", "application/json").build(),
        BodyHandlers.ofString());
  }

  private URI uri(String path) {
    return URI.create("http://127.0.0.1:" + port + path);
  }
}
