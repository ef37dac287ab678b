package io.onnxfleet.discovery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.onnxfleet.contract.fleet.FleetSecret;
import jakarta.ws.rs.core.Application;
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
import java.util.Base64;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.glassfish.jersey.server.model.Resource;
import org.glassfish.jersey.server.model.ResourceMethod;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.web.bind.annotation.RequestMethod;
import org.springframework.web.servlet.mvc.method.RequestMappingInfo;
import org.springframework.web.servlet.mvc.method.RequestMappingInfoHandlerMapping;

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

  /** What handlers there are comes from the frameworks themselves: none can be forgotten. */
  @Test
  void everyHandler_isClosedToStrangers() throws Exception {
    int port = freePort();
    try (ConfigurableApplicationContext registry = start(port)) {
      Set<String> calls = new TreeSet<>();
      for (RequestMappingInfoHandlerMapping mapping :
          registry.getBeansOfType(RequestMappingInfoHandlerMapping.class).values()) {
        for (RequestMappingInfo handler : mapping.getHandlerMethods().keySet()) {
          for (String pattern : handler.getPatternValues()) {
            Set<RequestMethod> methods = handler.getMethodsCondition().getMethods();
            for (RequestMethod method : methods.isEmpty() ? Set.of(RequestMethod.GET) : methods) {
              calls.add(method + " " + pattern);
            }
          }
        }
      }
      for (Class<?> type : registry.getBean(Application.class).getClasses()) {
        Resource resource = Resource.from(type);
        if (resource != null) {
          add(calls, "", resource);
        }
      }
      assertThat(calls)
          .contains(
              "GET /",
              "GET /actuator/health/**",
              "GET /{version}/apps",
              "POST /{version}/apps/{appId}",
              "PUT /{version}/apps/{appId}/{id}",
              "DELETE /{version}/apps/{appId}/{id}",
              "POST /{version}/peerreplication/batch");
      assertThat(
              send(port, "POST", "/eureka/apps/INFERENCE-SERVICE", INSTANCE, "fleet", PASSWORD)
                  .statusCode())
          .isEqualTo(204);
      for (String call : calls) {
        String method = call.substring(0, call.indexOf(' '));
        String path =
            call.substring(call.indexOf(' ') + 1)
                .replace("{version}", "eureka")
                .replace("{appId}", "INFERENCE-SERVICE")
                .replace("{id}", "replica-1")
                .replaceAll("\\{[^}]*}", "x")
                .replace("/**", "");
        boolean isOpen = path.startsWith("/actuator/health");
        String body = method.equals("POST") ? INSTANCE : "";
        for (String[] user :
            new String[][] {{"", ""}, {"fleet", "guess"}, {"fleet", TEXT}, {"other", PASSWORD}}) {
          assertThat(send(port, method, path, body, user[0], user[1]).statusCode())
              .as("%s as %s", call, List.of(user))
              .isEqualTo(isOpen && user[0].isEmpty() ? 200 : 401);
        }
      }
      assertThat(send(port, "GET", "/eureka/apps", "", "fleet", PASSWORD).body())
          .contains("replica-1")
          .contains("UP");
    }
  }

  private static void add(Set<String> calls, String prefix, Resource resource) {
    String own = resource.getPath();
    String path = own == null ? prefix : prefix + "/" + own.replaceAll("^/|/$", "");
    for (ResourceMethod method : resource.getResourceMethods()) {
      calls.add(method.getHttpMethod() + " " + path);
    }
    ResourceMethod locator = resource.getResourceLocator();
    if (locator != null) {
      Resource located = Resource.from(locator.getInvocable().getHandlingMethod().getReturnType());
      if (located != null) {
        add(calls, path, located);
      }
    }
    resource.getChildResources().forEach(child -> add(calls, path, child));
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
      // What came before the peer was up is copied by the next renewal: registered until it is
      // seen.
      await()
          .atMost(Duration.ofSeconds(60))
          .pollInterval(Duration.ofSeconds(1))
          .untilAsserted(
              () -> {
                int status =
                    send(one, "POST", "/eureka/apps/INFERENCE-SERVICE", INSTANCE, "fleet", PASSWORD)
                        .statusCode();
                assertThat(status).isEqualTo(204);
                assertThat(send(two, "GET", "/eureka/apps", "", "fleet", PASSWORD).body())
                    .contains("replica-1");
              });
      assertThat(first.isActive() && second.isActive()).isTrue();
    }
  }

  private static String[] with(String[] arguments, String last) {
    String[] all = java.util.Arrays.copyOf(arguments, arguments.length + 1);
    all[arguments.length] = last;
    return all;
  }
}
