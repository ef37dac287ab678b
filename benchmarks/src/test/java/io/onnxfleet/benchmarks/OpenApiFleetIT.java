package io.onnxfleet.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.benchmarks.FleetProcesses.Running;
import io.swagger.v3.parser.OpenAPIV3Parser;
import io.swagger.v3.parser.core.models.ParseOptions;
import io.swagger.v3.parser.core.models.SwaggerParseResult;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The OpenAPI documents of real processes: they are valid, and each of their operations does what
 * it says when it is executed as it stands there, which is what Swagger UI's button does.
 */
class OpenApiFleetIT {
  private static final Path ROOT = Path.of(System.getProperty("fleet.root", ".."));
  private static final JsonMapper JSON = JsonMapper.shared();
  private static final String TOKEN = "an-administrator-of-this-test-only";
  private static final String DOCUMENT = "/v3/api-docs";
  private static final String PARAMETERS = "parameters";
  private static final int GATEWAYS = 25;
  private static final int REPLICAS = 23;

  private static final HttpClient HTTP =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  private static FleetProcesses fleet;
  private static Running gateway;
  private static Running replica;

  @BeforeAll
  static void start() throws IOException {
    fleet =
        new FleetProcesses(
            ROOT,
            Path.of("target/fleet/open-api"),
            "--fleet.gateway.administration.token=" + TOKEN);
    fleet.startRegistry();
    gateway = fleet.startGateway();
    replica = fleet.startReplica("replica");
    fleet.awaitOk(replica, "/v2/health/ready");
    fleet.awaitOk(gateway, "/v2/models/all-minilm-l6-v2-int8/ready");
    fleet.awaitOk(gateway, "/v2/models/all-minilm-l6-v2/ready");
  }

  @AfterAll
  static void stop() {
    fleet.close();
    HTTP.close();
  }

  @Test
  void documents_areValid() throws Exception {
    for (Running process : List.of(gateway, replica)) {
      ParseOptions options = new ParseOptions();
      options.setResolve(true);
      options.setValidateInternalRefs(true);
      SwaggerParseResult parsed =
          new OpenAPIV3Parser().readContents(get(process, DOCUMENT).body(), List.of(), options);
      assertThat(parsed.getMessages()).as(process.name()).isNullOrEmpty();
      assertThat(parsed.getOpenAPI().getPaths()).as(process.name()).isNotEmpty();
      HttpResponse<String> page = get(process, "/docs");
      assertThat(page.statusCode()).isEqualTo(302);
      URI shown =
          process
              .base()
              .resolve("/docs")
              .resolve(page.headers().firstValue("Location").orElseThrow());
      assertThat(get(process, shown.getPath()).body()).as(process.name()).contains("swagger-ui");
    }
  }

  @Test
  void everyOperation_isExecutedAsItStands() throws Exception {
    assertThat(executed(gateway)).isEqualTo(GATEWAYS);
    assertThat(executed(replica)).isEqualTo(REPLICAS);
  }

  private record Operation(String path, String method, JsonNode item, JsonNode description) {
    /** A model is loaded first and unloaded last; what is put is there until it is deleted. */
    int turn() {
      return switch (method) {
        case "post" -> path.endsWith("/load") ? 0 : path.endsWith("/unload") ? 4 : 2;
        case "put" -> 1;
        case "delete" -> 3;
        default -> 2;
      };
    }
  }

  private static int executed(Running process) throws Exception {
    JsonNode document = JSON.readTree(get(process, DOCUMENT).body());
    List<Operation> operations = new ArrayList<>();
    document
        .get("paths")
        .forEachEntry(
            (path, item) ->
                item.forEachEntry(
                    (method, description) -> {
                      if (!method.equals(PARAMETERS)) {
                        operations.add(new Operation(path, method, item, description));
                      }
                    }));
    operations.sort(Comparator.comparingInt(Operation::turn));
    for (Operation operation : operations) {
      HttpResponse<String> answer =
          HTTP.send(request(process, document, operation), BodyHandlers.ofString());
      String what = "%s of %s: %s".formatted(operation, process.name(), answer.body());
      assertThat(answer.statusCode()).as(what).isEqualTo(200);
      JsonNode described = operation.description.get("responses").get("200");
      assertThat(described).as(what).isNotNull();
      JsonNode schema = resolved(document, described.at("/content/application~1json/schema"));
      if (!schema.isMissingNode()) {
        conforms(document, schema, JSON.readTree(answer.body()), what);
      }
    }
    return operations.size();
  }

  /** As Swagger UI makes it of examples. */
  private static HttpRequest request(Running process, JsonNode document, Operation operation) {
    String path = operation.path;
    StringBuilder query = new StringBuilder();
    for (JsonNode list :
        List.of(operation.item.path(PARAMETERS), operation.description.path(PARAMETERS))) {
      for (JsonNode given : list) {
        JsonNode parameter = resolved(document, given);
        JsonNode example = parameter.path("example");
        String value = example.isArray() ? example.get(0).asString() : example.asString("");
        String name = parameter.get("name").asString();
        boolean isRequired = parameter.path("required").asBoolean(false);
        assertThat(isRequired && value.isEmpty()).as("%s has no example", parameter).isFalse();
        if (parameter.get("in").asString().equals("path")) {
          path = path.replace("{" + name + "}", value);
        } else if (!value.isEmpty()) {
          query
              .append(query.isEmpty() ? '?' : '&')
              .append(name)
              .append('=')
              .append(URLEncoder.encode(value, StandardCharsets.UTF_8));
        }
      }
    }
    URI uri = process.base().resolve(path + query);
    JsonNode content = operation.description.at("/requestBody/content/application~1json");
    boolean hasBody = content.isObject();
    assertThat(hasBody && !content.has("example")).as("%s has no example", operation).isFalse();
    HttpRequest.Builder request =
        HttpRequest.newBuilder(uri)
            .timeout(Duration.ofMinutes(2))
            .header("Authorization", "Bearer " + TOKEN)
            .method(
                operation.method.toUpperCase(Locale.ROOT),
                hasBody
                    ? BodyPublishers.ofString(content.get("example").toString())
                    : BodyPublishers.noBody());
    return (hasBody ? request.header("Content-Type", "application/json") : request).build();
  }

  /** What the schema promises is there, and of the type that it says; more may be. */
  private static void conforms(JsonNode document, JsonNode schema, JsonNode value, String what) {
    JsonNode described = resolved(document, schema);
    switch (described.path("type").asString("")) {
      case "object" -> {
        assertThat(value.isObject()).as("%s: %s", what, value).isTrue();
        for (JsonNode name : described.path("required")) {
          assertThat(value.has(name.asString())).as("%s: %s", what, name).isTrue();
        }
        described
            .path("properties")
            .forEachEntry(
                (name, property) -> {
                  JsonNode part = value.path(name);
                  if (!part.isMissingNode() && !part.isNull()) {
                    conforms(document, property, part, what + " " + name);
                  }
                });
      }
      case "array" -> {
        assertThat(value.isArray()).as("%s: %s", what, value).isTrue();
        if (described.path("items").isObject()) {
          value.forEach(part -> conforms(document, described.get("items"), part, what));
        }
      }
      case "string" -> assertThat(value.isString()).as("%s: %s", what, value).isTrue();
      case "boolean" -> assertThat(value.isBoolean()).as("%s: %s", what, value).isTrue();
      case "integer" -> assertThat(value.isIntegralNumber()).as("%s: %s", what, value).isTrue();
      case "number" -> assertThat(value.isNumber()).as("%s: %s", what, value).isTrue();
      default -> {} // Anything, or one of several.
    }
  }

  private static JsonNode resolved(JsonNode document, JsonNode given) {
    JsonNode reference = given.path("$ref");
    return reference.isMissingNode() ? given : document.at(reference.asString().substring(1));
  }

  private static HttpResponse<String> get(Running process, String path) throws Exception {
    return HTTP.send(
        HttpRequest.newBuilder(process.base().resolve(path)).timeout(Duration.ofMinutes(1)).build(),
        BodyHandlers.ofString());
  }
}
