package io.onnxfleet.clients;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * What a browser's <em>Execute</em> sends for each operation of an OpenAPI document, made of
 * nothing but the document: its server, its parameters' examples and its bodies' examples.
 */
@ExtendWith(FleetExtension.class)
class OpenApiFleetIT {
  private static final Set<String> METHODS = Set.of("get", "put", "post", "delete");
  private static final List<String> LAST = List.of("unload", "load");
  private static final Duration TIMEOUT = Duration.ofMinutes(1);

  private final HttpClient http =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  /**
   * One of a document.
   *
   * @param parameters those of its path, and its own
   */
  private record Operation(
      String method, String path, JsonNode described, List<JsonNode> parameters) {
    String name() {
      return method + " " + path;
    }

    /** Those that take the model away come last, and the one that brings it back after them. */
    int order() {
      return LAST.indexOf(path.substring(path.lastIndexOf('/') + 1));
    }
  }

  @Test
  void operations_ofTheGateway_areAnsweredAsTheyStand(ClientFleet fleet) throws Exception {
    executeAll(fleet.keyed().base(), fleet.keyed().key());
    fleet.awaitSettled();
  }

  @Test
  void operations_ofAReplica_areAnsweredAsTheyStand(ClientFleet fleet) throws Exception {
    executeAll(fleet.replica(), "");
    fleet.awaitSettled();
  }

  private void executeAll(URI base, String key) throws IOException, InterruptedException {
    JsonNode document = document(base, key);
    List<Operation> operations = operations(document);
    assertThat(operations).hasSizeGreaterThan(15);
    assertThat(operations).extracting(Operation::path).anyMatch(path -> path.endsWith("/unload"));
    for (Operation operation : operations) {
      HttpResponse<String> answer = execute(base, key, document, operation);
      String status = Integer.toString(answer.statusCode());
      assertThat(answer.statusCode())
          .as("%s: %s", operation.name(), answer.body())
          .isBetween(200, 299);
      JsonNode described = operation.described().path("responses").path(status);
      assertThat(described.isMissingNode())
          .as("%s: the document does not know status %s", operation.name(), status)
          .isFalse();
      String type = answer.headers().firstValue("content-type").orElse("");
      JsonNode types = resolved(document, described).path("content");
      assertThat(types.isEmpty() || types.has(type) || types.has("*/*"))
          .as("%s: content type %s of %s", operation.name(), type, types.propertyNames())
          .isTrue();
    }
  }

  private JsonNode document(URI base, String key) throws IOException, InterruptedException {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(base.resolve("/v3/api-docs")).timeout(TIMEOUT);
    authorize(request, key);
    HttpResponse<String> answer = http.send(request.build(), BodyHandlers.ofString());
    assertThat(answer.statusCode()).as("%s", answer.body()).isEqualTo(200);
    return JsonMapper.shared().readTree(answer.body());
  }

  private static List<Operation> operations(JsonNode document) {
    List<Operation> operations = new ArrayList<>();
    document
        .path("paths")
        .forEachEntry(
            (path, item) ->
                item.forEachEntry(
                    (method, described) -> {
                      if (METHODS.contains(method) && !isOfJobs(described)) {
                        List<JsonNode> parameters = new ArrayList<>();
                        item.path("parameters").forEach(parameters::add);
                        described.path("parameters").forEach(parameters::add);
                        operations.add(new Operation(method, path, described, parameters));
                      }
                    }));
    operations.sort(Comparator.comparingInt(Operation::order));
    return operations;
  }

  /** These need ids that no document knows; {@code OpenAiNodeFleetIT} asks for them. */
  private static boolean isOfJobs(JsonNode described) {
    return described.path("tags").path(0).asString("").equals("Jobs");
  }

  private HttpResponse<String> execute(URI base, String key, JsonNode document, Operation operation)
      throws IOException, InterruptedException {
    String path = operation.path();
    StringBuilder query = new StringBuilder();
    HttpRequest.Builder request = HttpRequest.newBuilder().timeout(TIMEOUT);
    for (JsonNode parameter : operation.parameters()) {
      JsonNode described = resolved(document, parameter);
      String name = described.path("name").asString();
      JsonNode example = example(document, described);
      assertThat(example.isMissingNode() && described.path("required").asBoolean(false))
          .as("%s: parameter %s needs an example", operation.name(), name)
          .isFalse();
      if (example.isMissingNode()) {
        continue;
      }
      switch (described.path("in").asString()) {
        case "path" -> path = path.replace("{" + name + "}", encoded(example));
        case "query" ->
            (example.isArray() ? example : List.of(example))
                .forEach(
                    value ->
                        query
                            .append(query.isEmpty() ? '?' : '&')
                            .append(name)
                            .append('=')
                            .append(encoded(value)));
        default -> request.header(name, example.asString());
      }
    }
    request.uri(base.resolve(path + query));
    authorize(request, key);
    request.method(operation.method().toUpperCase(Locale.ROOT), body(request, document, operation));
    return http.send(request.build(), BodyHandlers.ofString());
  }

  private static void authorize(HttpRequest.Builder request, String key) {
    if (!key.isEmpty()) {
      request.header("Authorization", "Bearer " + key);
    }
  }

  private static HttpRequest.BodyPublisher body(
      HttpRequest.Builder request, JsonNode document, Operation operation) {
    JsonNode body = resolved(document, operation.described().path("requestBody"));
    if (body.isMissingNode()) {
      return BodyPublishers.noBody();
    }
    JsonNode example = example(document, body.path("content").path("application/json"));
    assertThat(example.isMissingNode())
        .as("%s: its body needs an example", operation.name())
        .isFalse();
    request.header("Content-Type", "application/json");
    return BodyPublishers.ofString(example.isString() ? example.asString() : example.toString());
  }

  /** As it stands beside a schema, or in it. */
  private static JsonNode example(JsonNode document, JsonNode described) {
    for (JsonNode named : described.path("examples")) {
      return named.path("value");
    }
    JsonNode beside = described.path("example");
    return beside.isMissingNode()
        ? resolved(document, described.path("schema")).path("example")
        : beside;
  }

  private static JsonNode resolved(JsonNode document, JsonNode node) {
    JsonNode reference = node.path("$ref");
    return reference.isMissingNode()
        ? node
        : resolved(document, document.at(reference.asString().substring(1)));
  }

  private static String encoded(JsonNode value) {
    return URLEncoder.encode(value.asString(), UTF_8).replace("+", "%20");
  }
}
