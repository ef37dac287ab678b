package io.onnxfleet.engine.repository.config;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.onnxfleet.engine.tensor.Shape;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * How a model is served: complete, and checked against the model file.
 *
 * @param maxBatchSize rows that the model may be given at once; 0 if its tensors have no batch
 *     dimension
 * @param batchingDerived true if {@code maxBatchSize} above 0 was concluded from the shapes that
 *     the model declares; only a proof tells whether its rows are independent
 * @param batchingObstacle why there is no batch dimension; empty where there is one
 * @param inputs in the model's order
 * @param outputs in the model's order
 * @param dynamicBatching null if each request runs alone, even where the model could take more rows
 * @param sequencePadding null if only requests of equal shapes share a batch
 * @param parameters free text by name
 * @param notes settings that were accepted but have no effect here, each named, for the log
 * @param json this configuration as Triton writes it
 */
public record ModelConfig(
    String name,
    int maxBatchSize,
    boolean batchingDerived,
    String batchingObstacle,
    List<TensorConfig> inputs,
    List<TensorConfig> outputs,
    @Nullable DynamicBatching dynamicBatching,
    @Nullable SequencePadding sequencePadding,
    List<InstanceGroupConfig> instanceGroups,
    VersionPolicy versionPolicy,
    List<WarmupConfig> warmups,
    OptimizationConfig optimization,
    Map<String, String> parameters,
    String defaultModelFilename,
    List<String> notes,
    String json) {

  /** The parameter that says how requests are run; shown, never read. */
  public static final String ROWS = "rows";

  /** The model file's name where the configuration has none. */
  public static final String DEFAULT_MODEL_FILENAME = "model.onnx";

  public ModelConfig {
    inputs = List.copyOf(inputs);
    outputs = List.copyOf(outputs);
    instanceGroups = List.copyOf(instanceGroups);
    warmups = List.copyOf(warmups);
    parameters = Map.copyOf(parameters);
    notes = List.copyOf(notes);
    if (maxBatchSize < 0) {
      throw new IllegalArgumentException("max-batch-size: " + maxBatchSize + " (expected: >= 0)");
    }
  }

  /** True if tensors have a batch dimension. */
  public boolean isBatched() {
    return maxBatchSize > 0;
  }

  public Optional<TensorConfig> input(String inputName) {
    return inputs.stream().filter(input -> input.name().equals(inputName)).findFirst();
  }

  public Optional<TensorConfig> output(String outputName) {
    return outputs.stream().filter(output -> output.name().equals(outputName)).findFirst();
  }

  /** This configuration as one line of JSON in Triton's schema. */
  public String toJson() {
    return json;
  }

  /**
   * The same as it is served.
   *
   * @param rows how requests are run and why, shown as the parameter {@value #ROWS}
   * @param merged false if requests are not merged; a batch dimension that was only derived is then
   *     shown as Triton shows one that a model keeps to itself: among the dims, without a batch
   *     size
   */
  public String toJson(String rows, boolean merged) {
    JsonObject served = JsonParser.parseString(json).getAsJsonObject();
    JsonObject text = new JsonObject();
    text.addProperty("string_value", rows);
    served.getAsJsonObject("parameters").add(ROWS, text);
    if (!merged && batchingDerived) {
      served.addProperty("max_batch_size", 0);
      served.remove("dynamic_batching");
      for (String tensors : List.of("input", "output")) {
        for (JsonElement tensor : served.getAsJsonArray(tensors)) {
          addBatch(tensor.getAsJsonObject(), "dims");
          if (tensor.getAsJsonObject().has("reshape")) {
            addBatch(tensor.getAsJsonObject().getAsJsonObject("reshape"), "shape");
          }
        }
      }
    }
    return served.toString();
  }

  private static void addBatch(JsonObject object, String field) {
    JsonArray whole = new JsonArray();
    whole.add(Shape.VARIABLE);
    whole.addAll(object.getAsJsonArray(field));
    object.add(field, whole);
  }
}
