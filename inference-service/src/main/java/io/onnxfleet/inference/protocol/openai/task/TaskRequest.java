package io.onnxfleet.inference.protocol.openai.task;

import java.util.List;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;

/**
 * What every request for a text task says.
 *
 * @param model null for the default one
 * @param priority a level of the model's in which the texts wait, or 0 for none
 * @param ignored names in the body that changed nothing
 */
public record TaskRequest(@Nullable String model, int priority, List<String> ignored) {
  /** Texts of one request, where a task has no bound of its own. */
  public static final int MOST_TEXTS = 2048;

  public TaskRequest {
    ignored = List.copyOf(ignored);
  }

  /**
   * Writes what a list of answers begins with: an object for each text, with its index.
   *
   * @param rest writes what else an object has, of the text with that index
   */
  public static void writeList(JsonGenerator json, String model, int texts, IntConsumer rest) {
    json.writeStringProperty("object", "list");
    json.writeStringProperty("model", model);
    json.writeArrayPropertyStart("data");
    for (int index = 0; index < texts; index++) {
      json.writeStartObject();
      json.writeNumberProperty("index", index);
      rest.accept(index);
      json.writeEndObject();
    }
    json.writeEndArray();
  }

  /** Writes how many tokens texts have, as all tasks' answers end. */
  public static void writeUsage(JsonGenerator json, long tokens) {
    json.writeObjectPropertyStart("usage");
    json.writeNumberProperty("prompt_tokens", tokens);
    json.writeNumberProperty("total_tokens", tokens);
    json.writeEndObject();
  }
}
