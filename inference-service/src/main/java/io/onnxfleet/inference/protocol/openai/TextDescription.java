package io.onnxfleet.inference.protocol.openai;

import io.onnxfleet.engine.ModelMetadata;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.text.TextModel;
import io.onnxfleet.engine.text.TextModels;
import io.onnxfleet.engine.textsettings.PoolingMode;
import io.onnxfleet.engine.textsettings.ScoreFunction;
import io.onnxfleet.engine.textsettings.TextFolder;
import io.onnxfleet.engine.textsettings.TextParameters;
import io.onnxfleet.engine.textsettings.TextSettings;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;

/**
 * How a model serves text, and where that was read.
 *
 * @param described null if it serves none
 * @param refusal why it serves none, or null
 * @param parameters of its configuration, completed
 */
record TextDescription(
    TextModels.@Nullable Description described,
    @Nullable String refusal,
    Map<String, String> parameters) {

  TextDescription {
    parameters = Map.copyOf(parameters);
  }

  static TextDescription of(TextModels models, ModelMetadata metadata) {
    try {
      return new TextDescription(
          models.describe(metadata.name(), metadata.version()), null, metadata.parameters());
    } catch (InferenceException refused) {
      return new TextDescription(null, String.valueOf(refused.getMessage()), metadata.parameters());
    }
  }

  /** What a model is for, if it serves text; else null. */
  static @Nullable String task(Map<String, String> parameters) {
    return parameters.containsKey(TextParameters.REFUSAL)
        ? null
        : parameters.get(TextParameters.TASK);
  }

  /** Into an object, as one or two of its properties. */
  void write(JsonGenerator json) {
    if (described == null) {
      json.writeStringProperty("embedding_refused", String.valueOf(refusal));
      return;
    }
    TextModel model = described.model();
    TextSettings settings = model.settings();
    if (model.task().hasHead()) {
      writeHead(json, described, model);
      return;
    }
    json.writeObjectPropertyStart("embedding");
    if (described.dimensions() > 0) {
      json.writeNumberProperty("dimensions", described.dimensions());
    }
    json.writeStringProperty("output", model.output());
    json.writeStringProperty("similarity", settings.task().similarity().label());
    json.writeStringProperty(
        "pooling",
        model.pooling().modes().isEmpty()
            ? "in the graph"
            : PoolingMode.name(model.pooling().modes()));
    source(json, "pooling_source", TextParameters.POOLING);
    json.writeBooleanProperty("normalize", settings.normalizes());
    source(json, "normalize_source", TextParameters.NORMALIZE);
    json.writeNumberProperty("max_sequence_length", described.windowLength());
    source(json, "max_sequence_length_source", TextParameters.MAX_SEQUENCE_LENGTH);
    json.writeNumberProperty("window_overlap", settings.overlap());
    strings(json, "dense", settings.dense());
    strings(json, "prompts", settings.prompts().keySet().stream().sorted().toList());
    if (settings.defaultPrompt() != null) {
      json.writeStringProperty("default_prompt", settings.defaultPrompt());
    }
    strings(json, "notes", TextFolder.notes(parameters));
    json.writeEndObject();
  }

  private void writeHead(JsonGenerator json, TextModels.Description described, TextModel model) {
    json.writeObjectPropertyStart("head");
    source(json, "task_source", TextParameters.TASK);
    json.writeStringProperty("output", model.output());
    strings(json, "labels", model.settings().task().labels());
    ScoreFunction scores = model.settings().task().scores();
    if (scores != null) {
      json.writeStringProperty("problem_type", scores.problem());
    }
    json.writeNumberProperty("max_sequence_length", described.windowLength());
    source(json, "max_sequence_length_source", TextParameters.MAX_SEQUENCE_LENGTH);
    json.writeNumberProperty("window_overlap", model.settings().overlap());
    strings(json, "notes", TextFolder.notes(parameters));
    json.writeEndObject();
  }

  private void source(JsonGenerator json, String name, String parameter) {
    String source = parameters.get(parameter + TextParameters.SOURCE);
    if (source != null) {
      json.writeStringProperty(name, source);
    } else if (parameters.containsKey(parameter)) {
      json.writeStringProperty(name, TextParameters.DECLARED);
    }
  }

  private static void strings(JsonGenerator json, String name, List<String> values) {
    json.writeArrayPropertyStart(name);
    values.forEach(json::writeString);
    json.writeEndArray();
  }
}
