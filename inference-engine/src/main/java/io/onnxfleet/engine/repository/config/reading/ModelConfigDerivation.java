package io.onnxfleet.engine.repository.config.reading;

import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.repository.config.BatchDimension;
import io.onnxfleet.engine.repository.config.DynamicBatching;
import io.onnxfleet.engine.repository.config.ModelConfig;
import io.onnxfleet.engine.repository.config.SequencePadding;
import io.onnxfleet.engine.repository.config.TensorConfig;
import io.onnxfleet.engine.repository.config.reading.TensorMatching.Declared;
import io.onnxfleet.engine.repository.proto.InputProto;
import io.onnxfleet.engine.repository.proto.ModelConfigProto;
import io.onnxfleet.engine.repository.proto.OutputProto;
import io.onnxfleet.engine.runtime.ModelSignature;
import io.onnxfleet.engine.tensor.Shape;
import io.onnxfleet.engine.tensor.TensorSpec;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Joins what was declared of a model, if anything, with what its file says of itself.
 *
 * <ul>
 *   <li>A configuration that lists both inputs and outputs is served as it stands: without {@code
 *       max_batch_size} tensors have no batch dimension, and without {@code dynamic_batching} each
 *       request runs alone.
 *   <li>One that leaves inputs or outputs out is completed: the batch size, if it does not even say
 *       0, from the shapes (at most {@value #DEFAULT_MAX_BATCH_SIZE} rows), and above 1 it batches
 *       dynamically, without delay, as far as the model's rows are proven independent. So is a
 *       model without a configuration.
 *   <li>Inputs that are not listed are taken from the model. Outputs are taken from the model if
 *       none is listed; otherwise the listed ones alone are served.
 * </ul>
 *
 * <p>Stateless, thread-safe.
 */
public final class ModelConfigDerivation {
  /**
   * Rows that a model is given at once where no configuration bounds them. On a CPU throughput has
   * long levelled off by then, and the memory of a batch stays small.
   */
  public static final int DEFAULT_MAX_BATCH_SIZE = 32;

  private final String model;
  private final ModelConfigProto declared;
  private final String modelFilename;
  private final ModelSignature signature;

  private ModelConfigDerivation(
      String model, @Nullable DeclaredConfig declared, ModelSignature signature) {
    this.model = model;
    this.declared = declared == null ? ModelConfigProto.getDefaultInstance() : declared.proto();
    this.modelFilename =
        declared == null ? ModelConfig.DEFAULT_MODEL_FILENAME : declared.defaultModelFilename();
    this.signature = signature;
  }

  /**
   * The complete configuration of a model.
   *
   * @param declared null if the model's folder has no configuration
   * @throws InferenceException if the configuration does not fit the model, or asks for a feature
   *     that is not served; the message names it
   */
  public static ModelConfig derive(
      String model, @Nullable DeclaredConfig declared, ModelSignature signature) {
    return new ModelConfigDerivation(model, declared, signature).derive();
  }

  private ModelConfig derive() {
    UnservedFeatures.first(declared)
        .ifPresent(
            feature -> {
              throw ConfigFailure.notServed(model, feature);
            });
    if (!declared.getName().isEmpty() && !declared.getName().equals(model)) {
      throw ConfigFailure.invalid(
          "name: '%s' (expected '%s', as its folder is called)", declared.getName(), model);
    }
    if (declared.getMaxBatchSize() < 0) {
      throw ConfigFailure.invalid(
          "max_batch_size: %d (expected: >= 0)", declared.getMaxBatchSize());
    }
    boolean completed = declared.getInputCount() == 0 || declared.getOutputCount() == 0;
    String obstacle = obstacle(completed);
    boolean derived = obstacle.isEmpty() && !declared.hasMaxBatchSize();
    int maxBatchSize = derived ? DEFAULT_MAX_BATCH_SIZE : declared.getMaxBatchSize();

    List<String> notes = new ArrayList<>(UnservedFeatures.notes(declared));
    TensorMatching matching = new TensorMatching(maxBatchSize > 0);
    List<TensorConfig> inputs = inputs(matching, maxBatchSize > 0, notes);
    List<TensorConfig> outputs = outputs(matching);
    DynamicBatching batching = null;
    if (declared.hasDynamicBatching()) {
      batching = ConfigSections.dynamicBatching(declared.getDynamicBatching(), maxBatchSize);
    } else if (completed && maxBatchSize > 1) {
      batching = DynamicBatching.DEFAULT;
    }
    Map<String, String> parameters = ConfigSections.parameters(declared);
    var _ = FamilyMembership.of(parameters);
    WarmupSection warmups = new WarmupSection(maxBatchSize, inputs);
    SequencePadding padding =
        maxBatchSize > 0 ? PaddingRule.derive(served(inputs, outputs), parameters) : null;
    return new ModelConfig(
        model,
        maxBatchSize,
        derived,
        maxBatchSize > 0 ? "" : obstacle,
        inputs,
        outputs,
        batching,
        padding,
        ConfigSections.instanceGroups(model, declared),
        ConfigSections.versionPolicy(declared),
        declared.getModelWarmupList().stream().map(warmups::read).toList(),
        ConfigSections.optimization(declared),
        parameters,
        modelFilename,
        notes,
        CompletedConfig.json(
            declared, model, maxBatchSize, inputs, outputs, batching != null, modelFilename));
  }

  /** Why there is no batch dimension, or empty if there is one. */
  private String obstacle(boolean completed) {
    if (declared.hasMaxBatchSize()) {
      return declared.getMaxBatchSize() == 0 ? "the configuration says max_batch_size: 0" : "";
    }
    return !completed || declaresWholeShapes()
        ? "the configuration gives whole shapes and no max_batch_size"
        : BatchDimension.obstacle(signature);
  }

  /** True if a listed tensor's dims count the first dimension, which is a word against batching. */
  private boolean declaresWholeShapes() {
    Map<String, TensorSpec> inputs = byName(signature.inputs());
    Map<String, TensorSpec> outputs = byName(signature.outputs());
    return Stream.concat(
            declared.getInputList().stream()
                .filter(input -> !input.hasReshape())
                .map(input -> isWhole(inputs.get(input.getName()), input.getDimsCount())),
            declared.getOutputList().stream()
                .filter(output -> !output.hasReshape())
                .map(output -> isWhole(outputs.get(output.getName()), output.getDimsCount())))
        .anyMatch(whole -> whole);
  }

  private static boolean isWhole(@Nullable TensorSpec spec, int dims) {
    return spec != null && dims > 0 && spec.shape().rank() == dims;
  }

  private List<TensorConfig> inputs(TensorMatching matching, boolean batched, List<String> notes) {
    Map<String, TensorSpec> specs = byName(signature.inputs());
    Map<String, Declared> listed = new LinkedHashMap<>();
    for (InputProto input : declared.getInputList()) {
      put(
          listed,
          specs,
          new Declared(
              "input",
              input.getName(),
              input.getDataType(),
              input.getDimsList(),
              input.hasReshape() ? input.getReshape() : null,
              input.getOptional(),
              ""));
    }
    List<TensorConfig> inputs = new ArrayList<>();
    for (TensorSpec spec : signature.inputs()) {
      Declared said = listed.get(spec.name());
      if (said == null && spec.optional() && batched && !BatchDimension.isVariable(spec)) {
        notes.add(
            "input '%s': optional, and %s has no batch dimension: not offered"
                .formatted(spec.name(), spec.shape()));
        continue;
      }
      inputs.add(matching.match(said == null ? Declared.nothing("input", spec) : said, spec));
    }
    return inputs;
  }

  private List<TensorConfig> outputs(TensorMatching matching) {
    Map<String, TensorSpec> specs = byName(signature.outputs());
    Map<String, Declared> listed = new LinkedHashMap<>();
    for (OutputProto output : declared.getOutputList()) {
      put(
          listed,
          specs,
          new Declared(
              "output",
              output.getName(),
              output.getDataType(),
              output.getDimsList(),
              output.hasReshape() ? output.getReshape() : null,
              false,
              output.getLabelFilename().isEmpty()
                  ? ""
                  : FileNames.checked("label_filename", output.getLabelFilename())));
    }
    List<TensorConfig> outputs = new ArrayList<>();
    for (TensorSpec spec : signature.outputs()) {
      Declared said = listed.get(spec.name());
      if (said != null || listed.isEmpty()) {
        outputs.add(matching.match(said == null ? Declared.nothing("output", spec) : said, spec));
      }
    }
    return outputs;
  }

  private static void put(
      Map<String, Declared> listed, Map<String, TensorSpec> specs, Declared tensor) {
    if (!specs.containsKey(tensor.name())) {
      throw ConfigFailure.invalid(
          "unknown %s '%s'%s",
          tensor.role(), tensor.name(), NearestName.hint(tensor.name(), specs.keySet()));
    }
    if (listed.put(tensor.name(), tensor) != null) {
      throw ConfigFailure.invalid(
          "%s '%s': listed twice (expected once)", tensor.role(), tensor.name());
    }
  }

  /** The part of the signature that is served, each tensor as the model knows it. */
  private ModelSignature served(List<TensorConfig> inputs, List<TensorConfig> outputs) {
    return new ModelSignature(
        visible(signature.inputs(), inputs),
        visible(signature.outputs(), outputs),
        signature.metadata());
  }

  /** A dimension that the configuration fixes is no longer variable; one reshaped is not padded. */
  private static List<TensorSpec> visible(List<TensorSpec> specs, List<TensorConfig> configs) {
    Map<String, TensorSpec> byName = byName(specs);
    List<TensorSpec> visible = new ArrayList<>();
    for (TensorConfig config : configs) {
      TensorSpec spec = byName.get(config.name());
      if (spec != null) {
        Shape shape = config.modelDims().prepend(Shape.VARIABLE);
        visible.add(
            config.reshape() == null
                ? new TensorSpec(
                    spec.name(), spec.dataType(), shape, spec.optional(), spec.dimensionNames())
                : new TensorSpec(spec.name(), spec.dataType(), shape));
      }
    }
    return visible;
  }

  private static Map<String, TensorSpec> byName(List<TensorSpec> specs) {
    Map<String, TensorSpec> byName = new LinkedHashMap<>();
    specs.forEach(spec -> byName.put(spec.name(), spec));
    return byName;
  }
}
