package io.onnxfleet.inference;

import static io.onnxfleet.inference.RunningReplica.json;
import static io.onnxfleet.inference.RunningReplica.text;
import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.contract.api.HeaderNames;
import io.onnxfleet.contract.fleet.FleetSecret;
import io.onnxfleet.engine.tensor.DataType;
import io.onnxfleet.testing.model.TinyModel;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.web.bind.annotation.RequestMethod;
import org.springframework.web.servlet.mvc.method.RequestMappingInfo;
import org.springframework.web.servlet.mvc.method.annotation.RequestMappingHandlerMapping;

/** A replica of a fleet with a secret, as strangers and as its gateway see it. */
class InsideIT {
  private static final String TEXT = "a-secret-of-this-test-only-0123456789";
  private static final FleetSecret SECRET = FleetSecret.of(TEXT);
  private static final String INFER = "/v2/models/tiny/infer";
  private static final String BODY =
      """
      {"inputs":[{"name":"x","shape":[1,2],"datatype":"FP32","data":[1,2]}]}\
      """;

  /** Which a stranger may ask: yes or no, and nothing else. */
  private static final Set<String> OPEN = Set.of("/v2/health/live", "/v2/health/ready");

  @TempDir private static Path models;
  private static RunningReplica replica;

  @BeforeAll
  static void start() {
    TinyModel.identity(DataType.FP32, "rows", "2").writeTo(models, "tiny");
    replica = RunningReplica.serving(models, "--fleet.secret=" + TEXT);
  }

  @AfterAll
  static void stop() {
    replica.close();
  }

  private static HttpRequest.Builder signed(String method, String target, String authority) {
    return signed(method, target, authority, target);
  }

  private static String self() {
    return "127.0.0.1:" + replica.port();
  }

  private static HttpResponse<byte[]> get(String target) {
    return replica.send(signed("GET", target, self()).GET().build());
  }

  private static long executions() {
    return json(get("/v2/models/tiny/stats")).at("/model_stats/0/execution_count").asLong();
  }

  @Test
  void gateway_isServed_andStrangersHaveNothingRun() {
    HttpResponse<byte[]> served =
        replica.send(signed("POST", INFER, self()).POST(BodyPublishers.ofString(BODY)).build());
    assertThat(served.statusCode()).as(text(served)).isEqualTo(200);

    long before = executions();
    for (String path :
        List.of(
            INFER, "/v2/models/tiny/versions/1/infer", "/v2/models/t%69ny/infer", INFER + "/")) {
      HttpResponse<byte[]> refused = replica.post(path, BODY);
      assertThat(refused.statusCode()).as(path).isEqualTo(401);
      assertThat(json(refused).at("/error").asString())
          .contains("Inference-Fleet-Signature: missing");
      assertThat(refused.headers().firstValue("Inference-Replica-State")).hasValue("closed");
      assertThat(refused.headers().firstValue("WWW-Authenticate")).isPresent();
    }
    HttpResponse<byte[]> embeddings = replica.post("/v1/embeddings", "{}");
    assertThat(embeddings.statusCode()).isEqualTo(401);
    assertThat(text(embeddings)).contains("missing");
    assertThat(executions()).isEqualTo(before);
    assertThat(text(get("/actuator/prometheus"))).contains("fleet_inference_strangers_total");
  }

  /**
   * Every operation of the OpenAPI document, and every handler that the framework knows: one that
   * is in neither would be tried by nobody.
   */
  @Test
  void everyOperation_isClosedToStrangers_andToForgedOrOldSignatures() {
    Set<String> described = described();
    Set<String> handled = new TreeSet<>();
    for (RequestMappingHandlerMapping mapping :
        replica.context().getBeansOfType(RequestMappingHandlerMapping.class).values()) {
      for (RequestMappingInfo handler : mapping.getHandlerMethods().keySet()) {
        for (String pattern : handler.getPatternValues()) {
          Set<RequestMethod> methods = handler.getMethodsCondition().getMethods();
          for (RequestMethod method : methods.isEmpty() ? Set.of(RequestMethod.GET) : methods) {
            handled.add(method + " " + pattern);
          }
        }
      }
    }
    assertThat(described)
        .contains("POST /v2/models/{model}/infer", "POST /v1/embeddings", "GET /v2/fleet/self")
        .isEqualTo(
            handled.stream()
                .filter(call -> call.contains(" /v1") || call.contains(" /v2"))
                .collect(Collectors.toCollection(TreeSet::new)));
    handled.addAll(
        Set.of(
            "GET /",
            "GET /docs",
            "GET /v3/api-docs",
            "GET /actuator",
            "GET /actuator/health",
            "GET /actuator/prometheus",
            "GET /unknown"));
    long before = executions();
    for (String call : handled) {
      String method = call.substring(0, call.indexOf(' '));
      String path =
          call.substring(call.indexOf(' ') + 1)
              .replace("{model}", "tiny")
              .replace("{version}", "1")
              .replaceAll("\\{[^}]*}", "x")
              .replace("**", "x")
              .replace("*", "x");
      int expected = OPEN.contains(path) ? 200 : 401;
      assertThat(send(method, replica.request(path))).as(call).isEqualTo(expected);
      assertThat(send(method, signed(method, path, "127.0.0.1:1"))).as(call).isEqualTo(expected);
      assertThat(send(method, signed(method, path + "/x", self(), path)))
          .as(call)
          .isEqualTo(expected);
      assertThat(
              send(
                  method,
                  replica
                      .request(path)
                      .header(
                          HeaderNames.SIGNATURE,
                          SECRET.sign(method, self(), path, System.currentTimeMillis() - 120_000))))
          .as(call)
          .isEqualTo(expected);
    }
    assertThat(executions()).isEqualTo(before);
    assertThat(json(get("/v2/models/tiny/ready")).path("ready").asBoolean()).isTrue();
  }

  private static Set<String> described() {
    Set<String> operations = new TreeSet<>();
    json(get("/v3/api-docs"))
        .get("paths")
        .forEachEntry(
            (path, item) ->
                item.propertyNames()
                    .forEach(
                        method -> operations.add(method.toUpperCase(Locale.ROOT) + " " + path)));
    return operations;
  }

  private static int send(String method, HttpRequest.Builder request) {
    boolean hasBody = method.equals("POST");
    return replica
        .send(
            request
                .method(method, hasBody ? BodyPublishers.ofString(BODY) : BodyPublishers.noBody())
                .build())
        .statusCode();
  }

  /** Asks for one thing with the signature of another. */
  private static HttpRequest.Builder signed(
      String method, String target, String authority, String asked) {
    return replica
        .request(asked)
        .header(
            HeaderNames.SIGNATURE,
            SECRET.sign(method, authority, target, System.currentTimeMillis()));
  }

  @Test
  void health_needsNothing() {
    for (String path :
        List.of(
            "/v2/health/live",
            "/v2/health/ready",
            "/livez",
            "/readyz",
            "/actuator/health/liveness",
            "/actuator/health/readiness")) {
      HttpResponse<byte[]> answer = replica.get(path);
      assertThat(answer.statusCode()).as(path).isEqualTo(200);
      assertThat(text(answer)).as(path).doesNotContain("tiny");
    }
    assertThat(replica.post("/v2/health/live", "{}").statusCode()).isEqualTo(401);
  }

  @Test
  void signature_ofSomethingElse_opensNothing() {
    List<HttpRequest> forged = new ArrayList<>();
    HttpRequest.BodyPublisher body = BodyPublishers.ofString(BODY);
    // Of another replica's, another path's, another method's, and one that a proxy has doubled.
    forged.add(signed("POST", INFER, "10.9.8.7:" + replica.port()).POST(body).build());
    forged.add(signed("POST", INFER, "127.0.0.1:1").POST(body).build());
    forged.add(
        replica
            .request(INFER)
            .header(
                HeaderNames.SIGNATURE,
                SECRET.sign("POST", self(), "/v2/models/other/infer", System.currentTimeMillis()))
            .POST(body)
            .build());
    forged.add(signed("GET", INFER, self()).POST(body).build());
    forged.add(
        signed("POST", INFER, self()).header(HeaderNames.SIGNATURE, "v1").POST(body).build());
    forged.add(
        replica
            .request(INFER)
            .header(
                HeaderNames.SIGNATURE,
                SECRET.sign("POST", self(), INFER, System.currentTimeMillis() - 120_000))
            .POST(body)
            .build());
    forged.add(replica.request(INFER).header(HeaderNames.SIGNATURE, TEXT).POST(body).build());
    forged.add(
        replica
            .request(INFER)
            .header("Authorization", "Bearer " + SECRET.registryPassword())
            .POST(body)
            .build());
    for (HttpRequest request : forged) {
      assertThat(replica.send(request).statusCode()).as("%s", request.headers()).isEqualTo(401);
    }
  }

  @Test
  void registry_isShownTheFleetsCredentials() throws Exception {
    String expected =
        "Basic "
            + Base64.getEncoder()
                .encodeToString(
                    ("fleet:" + SECRET.registryPassword()).getBytes(StandardCharsets.UTF_8));
    try (FakeRegistry registry = new FakeRegistry();
        RunningReplica registering =
            RunningReplica.started(
                models,
                "--eureka.client.service-url.defaultZone=" + registry.url(),
                "--fleet.secret=" + TEXT,
                "--fleet.inference.departure-notice=0s")) {
      registering.awaitReady();
      assertThat(registry.told())
          .isNotEmpty()
          .allSatisfy(told -> assertThat(told.authorization()).isEqualTo(expected));
    }
  }
}
