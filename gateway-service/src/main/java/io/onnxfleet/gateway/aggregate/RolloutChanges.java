package io.onnxfleet.gateway.aggregate;

import io.onnxfleet.contract.api.ErrorCode;
import io.onnxfleet.gateway.failure.GatewayException;
import io.onnxfleet.gateway.rollout.RolloutListing;
import io.onnxfleet.gateway.rollout.RolloutPlan;
import io.onnxfleet.gateway.rollout.Rollouts;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Predicate;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;

/** Lists rollouts, and changes them as administrators say. Stateless. */
final class RolloutChanges {

  private static final String STABLE = "stable";
  private static final String CANDIDATE = "candidate";
  private static final String WEIGHT = "weight";
  private static final String SHADOW = "shadow";
  private static final Set<String> KEYS = Set.of(STABLE, CANDIDATE, WEIGHT, SHADOW);

  private final Rollouts rollouts;
  private final JsonMapper json;

  RolloutChanges(Rollouts rollouts, JsonMapper json) {
    this.rollouts = rollouts;
    this.json = json;
  }

  /** Those of the models that may be seen. */
  ArrayNode list(Predicate<String> seen) {
    return RolloutListing.of(rollouts, seen);
  }

  /**
   * Follows the plan.
   *
   * @param body {@code {"stable", "candidate", "weight"?, "shadow"?}}
   * @param allowed refuses models that its caller may not roll out
   */
  void put(String model, byte[] body, Consumer<String> allowed) {
    JsonNode plan = parsed(body);
    for (Map.Entry<String, JsonNode> field : plan.properties()) {
      if (!KEYS.contains(field.getKey())) {
        throw malformed(
            "unknown key '" + field.getKey() + "' (expected: stable, candidate, weight, shadow)");
      }
    }
    try {
      RolloutPlan read =
          new RolloutPlan(
              model,
              plan.path(STABLE).asString(""),
              plan.path(CANDIDATE).asString(""),
              share(plan, WEIGHT),
              share(plan, SHADOW));
      allowed.accept(read.stableModel().name());
      allowed.accept(read.candidateModel().name());
      rollouts.put(read);
    } catch (IllegalArgumentException invalid) {
      throw malformed(String.valueOf(invalid.getMessage()));
    }
  }

  void remove(String model) {
    if (!rollouts.remove(model)) {
      throw new GatewayException(
          ErrorCode.MODEL_NOT_FOUND, "model '" + model + "' is not rolled out");
    }
  }

  private JsonNode parsed(byte[] body) {
    try {
      JsonNode plan = json.readTree(body);
      if (plan.isObject()) {
        return plan;
      }
    } catch (JacksonException notJson) {
      throw malformed("malformed JSON: " + notJson.getOriginalMessage());
    }
    throw malformed("the body is not a JSON object");
  }

  private static double share(JsonNode plan, String key) {
    JsonNode value = plan.path(key);
    if (value.isMissingNode()) {
      return 0;
    }
    if (!value.isNumber()) {
      throw malformed(key + ": " + value + " (expected: 0 to 1)");
    }
    return value.doubleValue();
  }

  private static GatewayException malformed(String message) {
    return new GatewayException(ErrorCode.MALFORMED_REQUEST, message);
  }
}
