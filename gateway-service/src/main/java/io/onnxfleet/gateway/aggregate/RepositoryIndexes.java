package io.onnxfleet.gateway.aggregate;

import io.onnxfleet.gateway.fleet.ModelFamily;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
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
  private static final String UNAVAILABLE = "UNAVAILABLE";
  private static final String STATE = "state";
  private static final String REASON = "reason";

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

  /** Says something of a model's version; null for nothing. */
  interface Remark {
    @Nullable String on(String name, String version);
  }

  /**
   * The union of the answers to {@code /v2/repository/index}.
   *
   * @param seen the models that may be seen
   * @param readyOnly whether only what serves was asked for
   * @param quarantine why a version is run nowhere, though a replica says READY
   * @param probation why a READY version is not run everywhere
   */
  static ArrayNode union(
      Predicate<String> seen,
      boolean readyOnly,
      List<JsonNode> answers,
      Remark quarantine,
      Remark probation) {
    Map<Version, JsonNode> entries = new TreeMap<>();
    for (JsonNode answer : answers) {
      for (JsonNode entry : answer) {
        Version version =
            new Version(entry.path("name").asString(""), entry.path("version").asString(""));
        if (!seen.test(version.name)) {
          continue;
        }
        boolean isQuarantined = quarantine.on(version.name, version.version) != null;
        // The replica that knows why it is in quarantine speaks then, and otherwise one that
        // serves.
        entries.merge(
            version,
            entry,
            (first, next) ->
                isReady(next) != isReady(first) && isReady(next) != isQuarantined ? next : first);
      }
    }
    ArrayNode union = JsonNodeFactory.instance.arrayNode();
    entries.forEach(
        (version, entry) -> {
          String reason = quarantine.on(version.name, version.version);
          if (reason != null && readyOnly) {
            return;
          }
          union.add(entry);
          if (isReady(entry) && entry instanceof ObjectNode ready) {
            if (reason != null) {
              ready.put(STATE, UNAVAILABLE).put(REASON, reason);
              return;
            }
            String remark = probation.on(version.name, version.version);
            if (remark != null) {
              String said = entry.path(REASON).asString("");
              ready.put(REASON, said.isEmpty() ? remark : said + "; " + remark);
            }
          }
        });
    return union;
  }

  /**
   * The union of the answers to {@code /v1/models}, and the families, each described as its best
   * variant.
   *
   * @param isServed whether a model that replicas name is sent requests
   * @param seen the names that may be seen, families' too
   */
  static JsonNode unionOfModels(
      List<JsonNode> answers,
      Predicate<String> isServed,
      Predicate<String> seen,
      Collection<ModelFamily> families) {
    Map<String, JsonNode> models = new TreeMap<>();
    for (JsonNode answer : answers) {
      for (JsonNode model : answer.path("data")) {
        String id = model.path("id").asString("");
        if (isServed.test(id)) {
          models.putIfAbsent(id, model);
        }
      }
    }
    // A family may be seen by those who may not see its variants.
    for (ModelFamily family : families) {
      if (models.get(family.best().model()) instanceof ObjectNode best) {
        models.putIfAbsent(family.name(), best.deepCopy().put("id", family.name()));
      }
    }
    var union = JsonNodeFactory.instance.objectNode();
    union.put("object", "list");
    ArrayNode data = union.putArray("data");
    models.forEach(
        (name, model) -> {
          if (seen.test(name)) {
            data.add(model);
          }
        });
    return union;
  }

  private static boolean isReady(JsonNode entry) {
    return READY.equals(entry.path(STATE).asString(""));
  }
}
