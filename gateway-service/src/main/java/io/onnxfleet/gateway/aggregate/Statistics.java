package io.onnxfleet.gateway.aggregate;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * Adds up the statistics of replicas. Counts and durations are summed, the time of the last
 * inference is the latest one; versions of models and sizes of batches are matched by name.
 */
final class Statistics {

  private static final String MODEL_STATS = "model_stats";
  private static final String BATCH_STATS = "batch_stats";
  private static final String BATCH_SIZE = "batch_size";
  private static final String LAST_INFERENCE = "last_inference";

  private Statistics() {}

  /**
   * The sum of the answers' {@code model_stats}.
   *
   * @param seen the models that may be seen
   */
  static ObjectNode sum(List<JsonNode> answers, Predicate<String> seen) {
    Map<List<String>, ObjectNode> byVersion = new LinkedHashMap<>();
    for (JsonNode answer : answers) {
      for (JsonNode version : answer.path(MODEL_STATS)) {
        if (version instanceof ObjectNode statistics && seen.test(text(statistics, "name"))) {
          byVersion.merge(
              List.of(text(statistics, "name"), text(statistics, "version")),
              statistics,
              Statistics::added);
        }
      }
    }
    ObjectNode sum = JsonNodeFactory.instance.objectNode();
    ArrayNode all = sum.putArray(MODEL_STATS);
    byVersion.values().forEach(all::add);
    return sum;
  }

  private static ObjectNode added(ObjectNode one, ObjectNode other) {
    ObjectNode sum = one.deepCopy();
    for (Map.Entry<String, JsonNode> field : other.properties()) {
      String name = field.getKey();
      JsonNode ours = sum.get(name);
      sum.set(name, ours == null ? field.getValue() : added(name, ours, field.getValue()));
    }
    return sum;
  }

  private static JsonNode added(String name, JsonNode one, JsonNode other) {
    if (name.equals(BATCH_STATS)) {
      return addedBatches(one, other);
    }
    if (one instanceof ObjectNode ours && other instanceof ObjectNode theirs) {
      return added(ours, theirs);
    }
    if (one.isIntegralNumber() && other.isIntegralNumber() && !name.equals(BATCH_SIZE)) {
      long value =
          name.equals(LAST_INFERENCE)
              ? Math.max(one.longValue(), other.longValue())
              : one.longValue() + other.longValue();
      return JsonNodeFactory.instance.numberNode(value);
    }
    return one;
  }

  private static ArrayNode addedBatches(JsonNode one, JsonNode other) {
    List<ObjectNode> sizes = new ArrayList<>();
    for (JsonNode batches : List.of(one, other)) {
      for (JsonNode batch : batches) {
        if (batch instanceof ObjectNode statistics) {
          add(sizes, statistics);
        }
      }
    }
    sizes.sort((a, b) -> Long.compare(size(a), size(b)));
    ArrayNode sum = JsonNodeFactory.instance.arrayNode();
    sizes.forEach(sum::add);
    return sum;
  }

  private static void add(List<ObjectNode> sizes, ObjectNode batch) {
    for (int i = 0; i < sizes.size(); i++) {
      if (size(sizes.get(i)) == size(batch)) {
        sizes.set(i, added(sizes.get(i), batch));
        return;
      }
    }
    sizes.add(batch);
  }

  private static long size(ObjectNode batch) {
    return batch.path(BATCH_SIZE).asLong(-1);
  }

  private static String text(ObjectNode node, String field) {
    @Nullable JsonNode value = node.get(field);
    return value == null ? "" : value.asString("");
  }
}
