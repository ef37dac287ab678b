package io.onnxfleet.engine.loading.rows;

import io.onnxfleet.engine.batching.AdaptiveBatchingPolicy;
import io.onnxfleet.engine.batching.BatchSchedulerOptions;
import io.onnxfleet.engine.batching.QueuePolicy;
import io.onnxfleet.engine.batching.QueuePolicy.TimeoutAction;
import io.onnxfleet.engine.batching.TritonBatchingPolicy;
import io.onnxfleet.engine.batching.WorkLimits;
import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.instance.ModelInterface;
import io.onnxfleet.engine.instance.ModelInterface.Port;
import io.onnxfleet.engine.instance.RowTerms;
import io.onnxfleet.engine.instance.RowTerms.Cut;
import io.onnxfleet.engine.instance.Scheduling;
import io.onnxfleet.engine.instance.ShapeLadder;
import io.onnxfleet.engine.proof.RowVerdict;
import io.onnxfleet.engine.repository.config.DynamicBatching;
import io.onnxfleet.engine.repository.config.ModelConfig;
import io.onnxfleet.engine.repository.config.QueuePolicyConfig;
import io.onnxfleet.engine.repository.config.TensorConfig;
import io.onnxfleet.engine.repository.config.VersionLimits;
import io.onnxfleet.engine.runtime.ExecutionProvider;
import io.onnxfleet.engine.runtime.ModelSignature;
import io.onnxfleet.engine.tensor.Shape;
import io.onnxfleet.engine.tensor.TensorSpec;
import io.onnxfleet.engine.tensor.TensorSpec.Form;
import java.time.Duration;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/** A configuration in the terms of the packages that act on it. */
public final class ServingTerms {
  /** The parameter that bounds a batch's rows times the length that they are padded to. */
  static final String MAX_BATCH_ELEMENTS = "max_batch_elements";

  /** The parameter that bounds the time of one run, in milliseconds. */
  static final String MAX_RUN_TIME = "max_run_time_ms";

  /** The parameter that merges requests although their rows may depend on each other. */
  static final String BATCH_INVARIANT = "batch_invariant";

  /** The parameter that rounds the shapes of batches up to a few. */
  static final String SHAPE_LADDER = "shape_ladder";

  private ServingTerms() {}

  /** What requests look like; those of different length share no batch. */
  public static ModelInterface modelInterface(ModelConfig config, ModelSignature signature) {
    return new ModelInterface(
        config.inputs().stream().map(input -> port(config, input, signature.inputs())).toList(),
        config.outputs().stream().map(output -> port(config, output, signature.outputs())).toList(),
        config.maxBatchSize(),
        null);
  }

  private static Port port(ModelConfig config, TensorConfig tensor, List<TensorSpec> declared) {
    Shape shown = tensor.requestShape(config.maxBatchSize());
    Shape reshape = tensor.reshape();
    @Nullable Shape behind =
        reshape == null || !config.isBatched() ? reshape : reshape.prepend(Shape.VARIABLE);
    Form form =
        declared.stream()
            .filter(spec -> spec.name().equals(tensor.name()))
            .map(TensorSpec::form)
            .findFirst()
            .orElse(Form.TENSOR);
    List<String> names = Collections.nCopies(shown.rank(), "");
    return new Port(
        new TensorSpec(tensor.name(), tensor.dataType(), shown, tensor.optional(), names, form),
        behind);
  }

  /**
   * How batches form.
   *
   * <p>A configuration that names a delay or preferred sizes gets Triton's batching; any other one
   * that adapts to what batches take.
   *
   * @param limits where the configuration sets none
   */
  public static Scheduling scheduling(
      ModelConfig config, ExecutionProvider provider, VersionLimits limits, RowTerms rows) {
    int maxQueueSize = limits.maxQueueSize();
    DynamicBatching batching = config.dynamicBatching();
    int batchSize = batching == null ? 1 : Math.max(1, config.maxBatchSize());
    DynamicBatching declared = batching == null ? DynamicBatching.DEFAULT : batching;
    Map<Integer, QueuePolicy> levels = new HashMap<>();
    declared
        .levelQueuePolicies()
        .forEach((level, policy) -> levels.put(level, queuePolicy(policy, maxQueueSize)));
    BatchSchedulerOptions options =
        new BatchSchedulerOptions(
            batchSize,
            declared.preferredBatchSizes(),
            declared.maxQueueDelay(),
            Math.max(1, declared.priorityLevels()),
            Math.max(1, declared.defaultPriorityLevel()),
            queuePolicy(declared.defaultQueuePolicy(), maxQueueSize),
            levels);
    boolean fixed = !options.preferredBatchSizes().isEmpty() || !options.maxQueueDelay().isZero();
    return new Scheduling(
        options,
        fixed ? new TritonBatchingPolicy(options) : new AdaptiveBatchingPolicy(),
        new WorkLimits(1, maxPaddedElements(config), limits.maxQueueDelay()),
        ladder(config, provider, batchSize),
        maxRunTime(config, limits.maxRunTime()),
        rows);
  }

  /** What may be done with the rows of requests, given what was shown of the model. */
  public static RowTerms rowTerms(ModelConfig config, RowVerdict verdict) {
    boolean asked = mergesAnyway(config);
    if (!config.isBatched()) {
      return RowTerms.asTheyCame("requests run as they come: " + config.batchingObstacle());
    }
    boolean merges = config.dynamicBatching() != null && config.maxBatchSize() > 1;
    boolean declared = !config.batchingDerived();
    String parameter = "parameter '%s' is false, though ".formatted(BATCH_INVARIANT);
    return switch (verdict) {
      case RowVerdict.Proven proven ->
          merges
              ? new RowTerms(true, Cut.BATCHES, false, merged(config, proven.reason()))
              : new RowTerms(false, Cut.BATCHES, false, notMerged(config));
      case RowVerdict.ProvenAlone alone ->
          asked && merges
              ? new RowTerms(true, Cut.BATCHES, false, merged(config, parameter + alone.reason()))
              : new RowTerms(false, Cut.ROWS, false, "requests run row by row: " + alone.reason());
      case RowVerdict.Unproven unproven -> {
        if (merges && (declared || asked)) {
          String why = asked ? parameter : "max_batch_size says so, though not proven: ";
          yield new RowTerms(true, Cut.NEVER, declared, merged(config, why + unproven.reason()));
        }
        yield new RowTerms(
            false, Cut.NEVER, declared, "requests run as they come: " + unproven.reason());
      }
      case RowVerdict.Refuted refuted ->
          asked && merges
              ? new RowTerms(
                  true, Cut.NEVER, declared, merged(config, parameter + refuted.reason()))
              : new RowTerms(
                  false, Cut.NEVER, declared, "requests run as they come: " + refuted.reason());
    };
  }

  private static String merged(ModelConfig config, String why) {
    return "requests are merged up to %d rows: %s".formatted(config.maxBatchSize(), why);
  }

  private static String notMerged(ModelConfig config) {
    return config.maxBatchSize() == 1
        ? "requests are not merged: max_batch_size is 1"
        : "requests are not merged: the configuration has no dynamic_batching";
  }

  /** True if the configuration merges requests whatever was shown. */
  public static boolean mergesAnyway(ModelConfig config) {
    String declared = config.parameters().getOrDefault(BATCH_INVARIANT, "true");
    return switch (declared) {
      case "true" -> false;
      case "false" -> true;
      default ->
          throw new InferenceException(
              ErrorCode.MODEL_LOAD_FAILED,
              "parameter '%s': %s (expected one of true, false)"
                  .formatted(BATCH_INVARIANT, declared));
    };
  }

  /** By default only where a new shape costs a search for kernels or a new engine. */
  private static ShapeLadder ladder(ModelConfig config, ExecutionProvider provider, int rows) {
    String declared = config.parameters().getOrDefault(SHAPE_LADDER, "auto");
    boolean wanted =
        switch (declared) {
          case "auto" ->
              provider == ExecutionProvider.CUDA || provider == ExecutionProvider.TENSORRT;
          case "on" -> true;
          case "off" -> false;
          default ->
              throw new InferenceException(
                  ErrorCode.MODEL_LOAD_FAILED,
                  "parameter '%s': %s (expected one of auto, on, off)"
                      .formatted(SHAPE_LADDER, declared));
        };
    return wanted && config.isBatched() ? new ShapeLadder(rows) : ShapeLadder.NONE;
  }

  private static long maxPaddedElements(ModelConfig config) {
    return number(config, MAX_BATCH_ELEMENTS).orElse(0);
  }

  private static Duration maxRunTime(ModelConfig config, Duration otherwise) {
    OptionalLong declared = number(config, MAX_RUN_TIME);
    return declared.isPresent() ? Duration.ofMillis(declared.getAsLong()) : otherwise;
  }

  private static OptionalLong number(ModelConfig config, String parameter) {
    String declared = config.parameters().get(parameter);
    if (declared == null) {
      return OptionalLong.empty();
    }
    if (!declared.matches("[1-9][0-9]{0,8}")) {
      throw new InferenceException(
          ErrorCode.MODEL_LOAD_FAILED,
          "parameter '%s': %s (expected: a whole number from 1 to 999999999)"
              .formatted(parameter, declared));
    }
    return OptionalLong.of(Long.parseLong(declared));
  }

  private static QueuePolicy queuePolicy(QueuePolicyConfig declared, int maxQueueSize) {
    return new QueuePolicy(
        declared.maxQueueSize() == 0 ? maxQueueSize : declared.maxQueueSize(),
        declared.timeout(),
        switch (declared.timeoutAction()) {
          case REJECT -> TimeoutAction.REJECT;
          case DELAY -> TimeoutAction.DELAY;
        });
  }
}
