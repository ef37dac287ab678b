package io.onnxfleet.gateway.door.tei;

import io.onnxfleet.contract.api.ApiCall;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * A request for a route of TEI as a call of the API.
 *
 * @param call that answers it
 * @param model that it is for
 * @param body of the call
 * @param answer makes TEI's answer out of the call's
 */
record TeiRequest(ApiCall call, String model, ObjectNode body, TeiAnswer answer) {
  private static final JsonMapper JSON = JsonMapper.shared();
  static final String INPUTS = "inputs";
  private static final Set<String> DIRECTIONS = Set.of("right", "Right");

  private TeiRequest(
      ApiCall call, String model, ObjectNode body, Function<JsonNode, JsonNode> reading) {
    this(call, model, body, new TeiAnswer.OfTree(reading));
  }

  /**
   * Reads a request.
   *
   * @param route its path
   * @throws TeiRefusal if it is none
   */
  static TeiRequest read(String route, JsonNode request, TeiProperties properties) {
    if (!request.isObject()) {
      throw TeiRefusal.invalid("body: not a JSON object (expected one)");
    }
    TeiProperties.Models models = properties.models();
    int most = properties.maxClientBatchSize();
    return switch (route) {
      case "/embed" -> embed(request, named(route, models.embed()), most);
      case "/embed_all" -> embedAll(request, named(route, models.embed()), most);
      case "/embed_sparse" -> embedSparse(request, named(route, models.sparse()), most);
      case "/rerank" -> rerank(request, named(route, models.rerank()), most);
      case "/predict" -> predict(request, named(route, models.predict()), most);
      case "/similarity" -> similarity(request, named(route, models.embed()), most);
      case "/tokenize" -> tokenize(request, named(route, models.any()), most);
      case "/decode" -> decode(request, named(route, models.any()));
      default -> throw new IllegalArgumentException(route + " (expected: a route of TEI)");
    };
  }

  private static String named(String route, @Nullable String model) {
    if (model == null) {
      throw new TeiRefusal(
          TeiRefusal.Type.BACKEND, route + ": no model (expected: fleet.gateway.tei.models)");
    }
    return model;
  }

  private static TeiRequest embed(JsonNode request, String model, int most) {
    ObjectNode body = body(model);
    body.set("input", texts(request, most));
    body.put("encoding_format", "float");
    body.put("normalize", flag(request, "normalize", true));
    overlong(request, body);
    copy(request, body, "prompt_name");
    copy(request, body, "dimensions");
    return new TeiRequest(
        ApiCall.EMBEDDINGS,
        model,
        body,
        answer -> each(answer, "data", one -> one.get("embedding")));
  }

  /** TEI's has neither {@code normalize} nor {@code dimensions}. */
  private static TeiRequest embedAll(JsonNode request, String model, int most) {
    ObjectNode body = body(model);
    body.set("input", texts(request, most));
    body.put("encoding_format", "tokens");
    overlong(request, body);
    copy(request, body, "prompt_name");
    return new TeiRequest(ApiCall.EMBEDDINGS, model, body, new TeiAnswer.Vectors());
  }

  private static TeiRequest embedSparse(JsonNode request, String model, int most) {
    ObjectNode body = body(model);
    body.set("input", texts(request, most));
    body.put("encoding_format", "sparse");
    overlong(request, body);
    copy(request, body, "prompt_name");
    return new TeiRequest(
        ApiCall.EMBEDDINGS,
        model,
        body,
        answer -> each(answer, "data", one -> pairs(one.get("embedding"))));
  }

  private static JsonNode pairs(JsonNode vector) {
    ArrayNode pairs = JSON.createArrayNode();
    for (int index = 0; index < vector.get("indices").size(); index++) {
      ObjectNode pair = JSON.createObjectNode();
      pair.set("index", vector.get("indices").get(index));
      pair.set("value", vector.get("values").get(index));
      pairs.add(pair);
    }
    return pairs;
  }

  private static TeiRequest rerank(JsonNode request, String model, int most) {
    ObjectNode body = body(model);
    body.set("query", text(request, "query"));
    body.set("documents", textsOf(request, "texts", most));
    body.put("raw_scores", flag(request, "raw_scores", false));
    boolean returnsText = flag(request, "return_text", false);
    body.put("return_documents", returnsText);
    overlong(request, body);
    return new TeiRequest(
        ApiCall.RERANK,
        model,
        body,
        answer ->
            each(
                answer,
                "results",
                one -> {
                  ObjectNode result = JSON.createObjectNode();
                  result.set("index", one.get("index"));
                  if (returnsText) {
                    result.set("text", one.at("/document/text"));
                  }
                  result.set("score", one.get("relevance_score"));
                  return result;
                }));
  }

  private static TeiRequest predict(JsonNode request, String model, int most) {
    JsonNode inputs = request.path(INPUTS);
    boolean isBatch = isBatch(request);
    ArrayNode input = JSON.createArrayNode();
    if (isBatch) {
      requireAtMost(inputs.size(), most);
      inputs.forEach(each -> input.add(oneOrPair(each)));
    } else {
      input.add(oneOrPair(inputs));
    }
    ObjectNode body = body(model);
    body.set("input", input);
    body.put("raw_scores", flag(request, "raw_scores", false));
    overlong(request, body);
    return new TeiRequest(
        ApiCall.CLASSIFY,
        model,
        body,
        answer -> {
          JsonNode all = each(answer, "data", one -> one.get("labels"));
          return isBatch ? all : all.get(0);
        });
  }

  /** True if texts or pairs are listed; an array of texts is one of these. */
  static boolean isBatch(JsonNode request) {
    JsonNode inputs = request.path(INPUTS);
    return inputs.isArray() && !inputs.isEmpty() && inputs.get(0).isArray();
  }

  /** A text, or an array of one or of two, which are a pair. */
  private static JsonNode oneOrPair(JsonNode given) {
    if (given.isString()) {
      return filled(given, INPUTS);
    }
    boolean isPair = given.isArray() && (given.size() == 1 || given.size() == 2);
    if (!isPair) {
      if (given.isArray() && given.isEmpty()) {
        throw new TeiRefusal(TeiRefusal.Type.EMPTY, "`inputs` cannot be empty");
      }
      throw TeiRefusal.invalid(
          "inputs: (expected a string, a pair of strings, or a list of those)");
    }
    ArrayNode pair = JSON.createArrayNode();
    given.forEach(each -> pair.add(filled(each, INPUTS)));
    return pair;
  }

  private static TeiRequest similarity(JsonNode request, String model, int most) {
    JsonNode inputs = request.path(INPUTS);
    ObjectNode body = body(model);
    body.set("source", text(inputs, "source_sentence"));
    body.set("targets", textsOf(inputs, "sentences", most));
    JsonNode parameters = request.path("parameters");
    requireNoPrompt(parameters);
    overlong(parameters, body);
    return new TeiRequest(
        ApiCall.SIMILARITY, model, body, answer -> each(answer, "data", one -> one.get("score")));
  }

  private static TeiRequest tokenize(JsonNode request, String model, int most) {
    ObjectNode body = body(model);
    body.set("input", texts(request, most));
    requireNoPrompt(request);
    body.put("add_special_tokens", flag(request, "add_special_tokens", true));
    return new TeiRequest(
        ApiCall.TOKENIZE,
        model,
        body,
        answer -> each(answer, "data", one -> each(one, "tokens", TeiRequest::token)));
  }

  private static JsonNode token(JsonNode token) {
    ObjectNode told = JSON.createObjectNode();
    told.set("id", token.get("id"));
    told.set("text", token.get("text"));
    told.set("special", token.get("special"));
    told.set("start", token.get("start"));
    told.set("stop", token.get("end"));
    return told;
  }

  private static TeiRequest decode(JsonNode request, String model) {
    JsonNode ids = request.path("ids");
    if (!ids.isArray() || ids.isEmpty()) {
      throw ids.isArray()
          ? new TeiRefusal(TeiRefusal.Type.EMPTY, "`ids` cannot be empty")
          : TeiRefusal.invalid("ids: (expected an array of token ids, or an array of those)");
    }
    ObjectNode body = body(model);
    body.set("tokens", ids);
    body.put("skip_special_tokens", flag(request, "skip_special_tokens", true));
    return new TeiRequest(
        ApiCall.DETOKENIZE, model, body, answer -> each(answer, "data", one -> one.get("text")));
  }

  private static ObjectNode body(String model) {
    return JSON.createObjectNode().put("model", model);
  }

  /** TEI cuts what is too long if it is asked to, at its end, and else refuses it. */
  private static void overlong(JsonNode request, ObjectNode body) {
    JsonNode direction = request.path("truncation_direction");
    if (!direction.isMissingNode()
        && !direction.isNull()
        && !DIRECTIONS.contains(direction.asString(""))) {
      throw TeiRefusal.invalid("truncation_direction: " + direction + " (expected 'right')");
    }
    body.put("overlong", flag(request, "truncate", false) ? "cut" : "refused");
  }

  private static boolean flag(JsonNode request, String name, boolean otherwise) {
    JsonNode value = request.path(name);
    if (value.isMissingNode() || value.isNull()) {
      return otherwise;
    }
    if (!value.isBoolean()) {
      throw TeiRefusal.invalid(name + ": " + value + " (expected true or false)");
    }
    return value.asBoolean();
  }

  /** What would change the answer is not passed over. */
  private static void requireNoPrompt(JsonNode request) {
    JsonNode prompt = request.path("prompt_name");
    if (!prompt.isMissingNode() && !prompt.isNull()) {
      throw TeiRefusal.invalid("prompt_name: " + prompt + " (expected none on this route)");
    }
  }

  private static void copy(JsonNode request, ObjectNode body, String name) {
    JsonNode value = request.path(name);
    if (!value.isMissingNode() && !value.isNull()) {
      body.set(name, value);
    }
  }

  private static JsonNode text(JsonNode request, String name) {
    JsonNode value = request.path(name);
    if (!value.isString()) {
      throw TeiRefusal.invalid(name + ": absent or no string (expected a string)");
    }
    return filled(value, name);
  }

  private static JsonNode filled(JsonNode value, String name) {
    if (!value.isString()) {
      throw TeiRefusal.invalid(name + ": " + value.getNodeType() + " (expected a string)");
    }
    if (value.asString().isEmpty()) {
      throw new TeiRefusal(TeiRefusal.Type.EMPTY, "`" + name + "` cannot be empty");
    }
    return value;
  }

  private static JsonNode texts(JsonNode request, int most) {
    JsonNode inputs = request.path(INPUTS);
    if (inputs.isString()) {
      return JSON.createArrayNode().add(filled(inputs, INPUTS));
    }
    JsonNode all = textsOf(request, INPUTS, most);
    all.forEach(each -> filled(each, INPUTS));
    return all;
  }

  private static JsonNode textsOf(JsonNode request, String name, int most) {
    JsonNode values = request.path(name);
    if (!values.isArray()) {
      throw TeiRefusal.invalid(name + ": absent or no array (expected an array of strings)");
    }
    if (values.isEmpty()) {
      throw new TeiRefusal(TeiRefusal.Type.EMPTY, "`" + name + "` cannot be empty");
    }
    requireAtMost(values.size(), most);
    values.forEach(
        value -> {
          if (!value.isString()) {
            throw TeiRefusal.invalid(name + ": " + value.getNodeType() + " (expected strings)");
          }
        });
    return values;
  }

  private static void requireAtMost(int count, int most) {
    if (count > most) {
      throw TeiRefusal.invalid(
          "batch size %d > maximum allowed batch size %d".formatted(count, most));
    }
  }

  private static JsonNode each(
      JsonNode answer, String name, Function<JsonNode, @Nullable JsonNode> reading) {
    ArrayNode all = JSON.createArrayNode();
    List.copyOf(answer.get(name).values()).forEach(one -> all.add(reading.apply(one)));
    return all;
  }
}
