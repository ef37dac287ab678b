package io.onnxfleet.gateway.aggregate;

import io.onnxfleet.gateway.fleet.ModelFamily;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * Joins lists that replicas gave of the same things: an entry stands once, and for a model's
 * version the replica speaks that has it READY, if any has.
 */
final class RepositoryIndexes {

  private static final String READY = "READY";

  private record Version(String name, String version) implements Comparable<Version> {

    @Override
    public int compareTo(Version other) {
      int byName = name.compareTo(other.name);
      if (byName != 0) {
        return byName;
      }
      int byLength = Integer.compare(version.length(), other.version.length());
      return byLength != 0 ? byLength : version.compareTo(other.version);
    }
  }

  private RepositoryIndexes() {}

  /** The union of the answers to {@code /v2/repository/index}. */
  static ArrayNode union(List<JsonNode> answers) {
    Map<Version, JsonNode> entries = new TreeMap<>();
    for (JsonNode answer : answers) {
      for (JsonNode entry : answer) {
        entries.merge(
            new Version(entry.path("name").asString(""), entry.path("version").asString("")),
            entry,
            (first, next) -> isReady(next) && !isReady(first) ? next : first);
      }
    }
    ArrayNode union = JsonNodeFactory.instance.arrayNode();
    entries.values().forEach(union::add);
    return union;
  }

  /**
   * The union of the answers to {@code /v1/models}, and the families, each described as its best
   * variant.
   */
  static JsonNode unionOfModels(List<JsonNode> answers, Collection<ModelFamily> families) {
    Map<String, JsonNode> models = new TreeMap<>();
    for (JsonNode answer : answers) {
      for (JsonNode model : answer.path("data")) {
        models.putIfAbsent(model.path("id").asString(""), model);
      }
    }
    for (ModelFamily family : families) {
      if (models.get(family.best().model()) instanceof ObjectNode best) {
        models.putIfAbsent(family.name(), best.deepCopy().put("id", family.name()));
      }
    }
    var union = JsonNodeFactory.instance.objectNode();
    union.put("object", "list");
    ArrayNode data = union.putArray("data");
    models.values().forEach(data::add);
    return union;
  }

  private static boolean isReady(JsonNode entry) {
    return READY.equals(entry.path("state").asString(""));
  }
}
