package io.onnxfleet.gateway.registry;

import java.util.HashMap;
import java.util.Map;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * What a replica says of itself: what it tells the registry, or would tell it.
 *
 * @param id empty if it does not say
 */
public record ReplicaSelf(String id, Map<String, String> metadata) {

  public ReplicaSelf {
    metadata = Map.copyOf(metadata);
  }

  /**
   * Reads an answer.
   *
   * @throws JacksonException if it is none
   */
  public static ReplicaSelf read(JsonMapper json, String answer) {
    JsonNode told = json.readTree(answer);
    Map<String, String> metadata = new HashMap<>();
    for (Map.Entry<String, JsonNode> entry : told.path("metadata").properties()) {
      metadata.put(entry.getKey(), entry.getValue().asString(""));
    }
    return new ReplicaSelf(told.path("id").asString(""), metadata);
  }
}
