package io.onnxfleet.engine.repository;

import io.onnxfleet.engine.batching.BatchSchedulerOptions;
import io.onnxfleet.engine.batching.QueuePolicy;
import io.onnxfleet.engine.batching.QueuePolicy.TimeoutAction;
import io.onnxfleet.engine.batching.TritonBatchingPolicy;
import io.onnxfleet.engine.instance.ModelInterface;
import io.onnxfleet.engine.instance.ModelInterface.Padding;
import io.onnxfleet.engine.instance.ModelInterface.Port;
import io.onnxfleet.engine.instance.Scheduling;
import io.onnxfleet.engine.repository.config.DynamicBatching;
import io.onnxfleet.engine.repository.config.ModelConfig;
import io.onnxfleet.engine.repository.config.QueuePolicyConfig;
import io.onnxfleet.engine.repository.config.SequencePadding;
import io.onnxfleet.engine.repository.config.TensorConfig;
import io.onnxfleet.engine.runtime.ModelSignature;
import io.onnxfleet.engine.tensor.Shape;
import io.onnxfleet.engine.tensor.TensorSpec;
import io.onnxfleet.engine.tensor.TensorSpec.Form;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A configuration in the terms of the packages that act on it. */
final class ServingTerms {
  private ServingTerms() {}

  static ModelInterface modelInterface(ModelConfig config, ModelSignature signature) {
    SequencePadding padding = config.sequencePadding();
    return new ModelInterface(
        config.inputs().stream().map(input -> port(config, input, signature.inputs())).toList(),
        config.outputs().stream().map(output -> port(config, output, signature.outputs())).toList(),
        config.maxBatchSize(),
        padding == null ? null : new Padding(padding.inputs(), padding.outputs()));
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
   * @param maxQueueSize the bound where the configuration sets none
   */
  static Scheduling scheduling(ModelConfig config, int maxQueueSize) {
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
    return new Scheduling(options, new TritonBatchingPolicy(options));
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
