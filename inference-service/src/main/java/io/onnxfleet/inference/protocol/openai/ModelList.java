package io.onnxfleet.inference.protocol.openai;

import io.onnxfleet.inference.protocol.http.Json;
import java.io.OutputStream;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;

/** The models that are READY. */
record ModelList(List<Model> models) implements OpenAiBody {

  ModelList {
    models = List.copyOf(models);
  }

  @Override
  public void writeTo(OutputStream target) {
    try (JsonGenerator json = Json.generator(target)) {
      json.writeStartObject();
      json.writeStringProperty("object", "list");
      json.writeArrayPropertyStart("data");
      models.forEach(model -> model.write(json));
      json.writeEndArray();
      json.writeEndObject();
    }
  }

  /**
   * One model.
   *
   * @param created seconds since 1970
   * @param task what it is for, if it serves text; else null
   * @param text how it serves text, or null to leave that out
   */
  record Model(String id, long created, @Nullable String task, @Nullable TextDescription text)
      implements OpenAiBody {
    private static final String OWNER = "onnx-fleet";

    Model with(TextDescription description) {
      return new Model(id, created, task, description);
    }

    @Override
    public void writeTo(OutputStream target) {
      try (JsonGenerator json = Json.generator(target)) {
        write(json);
      }
    }

    private void write(JsonGenerator json) {
      json.writeStartObject();
      json.writeStringProperty("id", id);
      json.writeStringProperty("object", "model");
      json.writeNumberProperty("created", created);
      json.writeStringProperty("owned_by", OWNER);
      if (task != null) {
        json.writeStringProperty("task", task);
      }
      if (text != null) {
        text.write(json);
      }
      json.writeEndObject();
    }
  }
}
