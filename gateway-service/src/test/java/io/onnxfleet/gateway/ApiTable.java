package io.onnxfleet.gateway;

import io.onnxfleet.contract.api.Need;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import org.springframework.web.bind.annotation.RequestMethod;
import org.springframework.web.reactive.function.server.RouterFunction;
import org.springframework.web.reactive.result.method.RequestMappingInfo;
import org.springframework.web.reactive.result.method.RequestMappingInfoHandlerMapping;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Every call that a gateway takes: those of its OpenAPI document, made from their examples, and
 * those of the framework's handlers, which the gateway itself is asked for.
 */
public final class ApiTable {

  private static final String EXAMPLE = "all-minilm-l6-v2";
  private static final String PARAMETERS = "parameters";
  private static final String ACTUATOR = "/actuator";

  /** One call. */
  record Call(String method, String path, String body, Need needs, boolean isAboutModel) {

    boolean isOf(Need any) {
      return needs == any;
    }
  }

  private final String model;
  private final JsonNode document;

  /**
   * Reads a document.
   *
   * @param model put in the place of the examples' one
   */
  ApiTable(String document, String model) {
    this.model = model;
    this.document = JsonMapper.shared().readTree(document);
  }

  /** Of the document. */
  List<Call> described() {
    List<Call> calls = new ArrayList<>();
    document
        .get("paths")
        .forEachEntry(
            (template, item) ->
                item.forEachEntry(
                    (method, operation) -> {
                      if (!method.equals(PARAMETERS)) {
                        calls.add(call(template, method.toUpperCase(Locale.ROOT), item, operation));
                      }
                    }));
    return calls;
  }

  private Call call(String template, String method, JsonNode item, JsonNode operation) {
    String path = template;
    StringBuilder query = new StringBuilder();
    for (JsonNode list : List.of(item.path(PARAMETERS), operation.path(PARAMETERS))) {
      for (JsonNode given : list) {
        JsonNode parameter = resolved(given);
        JsonNode example = parameter.path("example");
        String name = parameter.get("name").asString();
        String value = mine(example.isArray() ? example.get(0).asString() : example.asString(""));
        switch (parameter.get("in").asString()) {
          case "path" -> path = path.replace("{" + name + "}", value);
          case "query" -> {
            if (!value.isEmpty()) {
              query
                  .append(query.isEmpty() ? '?' : '&')
                  .append(name)
                  .append('=')
                  .append(URLEncoder.encode(value, StandardCharsets.UTF_8));
            }
          }
          default -> {}
        }
      }
    }
    JsonNode body =
        operation.path("requestBody").path("content").path("application/json").path("example");
    String text = body.isMissingNode() ? "" : mine(body.toString());
    boolean isAboutModel =
        template.contains("{model}") || query.indexOf("model=") > 0 || text.contains("\"model\"");
    return new Call(method, path + query, text, needs(operation), isAboutModel);
  }

  private JsonNode resolved(JsonNode given) {
    JsonNode reference = given.path("$ref");
    return reference.isMissingNode() ? given : document.at(reference.asString().substring(1));
  }

  private String mine(String example) {
    return example
        .replace(EXAMPLE, model)
        .replaceAll("\"model\":\"[^\"]*\"", "\"model\":\"" + model + "\"");
  }

  /** What an operation of the document asks of its caller. */
  public static Need needs(JsonNode operation) {
    JsonNode security = operation.path("security");
    if (security.isMissingNode()) {
      return Need.ANY_SCOPE;
    }
    JsonNode roles = security.get(0).path("bearer");
    return roles.isMissingNode()
        ? Need.NOTHING
        : Need.valueOf(roles.get(0).asString().toUpperCase(Locale.ROOT));
  }

  /**
   * Of the framework's handlers; those under {@code /v1} and {@code /v2}, if there were any, among
   * them.
   */
  static List<Call> handled(RunningGateway gateway) {
    if (!gateway.beans(RouterFunction.class).isEmpty()) {
      throw new AssertionError("routes that nobody lists: " + gateway.beans(RouterFunction.class));
    }
    Set<String> seen = new TreeSet<>();
    List<Call> calls = new ArrayList<>();
    for (RequestMappingInfoHandlerMapping mapping :
        gateway.beans(RequestMappingInfoHandlerMapping.class).values()) {
      for (RequestMappingInfo handler : mapping.getHandlerMethods().keySet()) {
        for (String pattern :
            handler.getPatternsCondition().getPatterns().stream().map(Object::toString).toList()) {
          String path =
              pattern
                  .replaceAll("\\{file:[^/]*", "index.html")
                  .replaceAll("\\{[^/]*}", "x")
                  .replace("**", "x")
                  .replace("*", "x");
          Set<RequestMethod> methods = handler.getMethodsCondition().getMethods();
          for (RequestMethod method : methods.isEmpty() ? Set.of(RequestMethod.GET) : methods) {
            if (seen.add(method + " " + path)) {
              calls.add(new Call(method.name(), path, "", needs(path), false));
            }
          }
        }
      }
    }
    return calls;
  }

  private static Need needs(String path) {
    if (path.equals("/livez") || path.equals("/readyz")) {
      return Need.NOTHING;
    }
    return path.startsWith(ACTUATOR) ? Need.ADMIN : Need.ANY_SCOPE;
  }

  /** The same paths with a slash at their end, and none that is nobody's. */
  static List<Call> variants() {
    return List.of(
        new Call("GET", "/v2/", "", Need.ANY_SCOPE, false),
        new Call("GET", "/v2/nowhere", "", Need.ANY_SCOPE, false),
        new Call("GET", "/elsewhere", "", Need.ANY_SCOPE, false));
  }

  /** What the handlers' paths may be; anything else belongs into the document. */
  static boolean isKnownBeside(Call call) {
    return call.path.startsWith(ACTUATOR)
        || Set.of(
                "/livez",
                "/readyz",
                "/v3/api-docs",
                "/docs",
                "/docs/index.html",
                "/docs/swagger-initializer.js")
            .contains(call.path);
  }
}
