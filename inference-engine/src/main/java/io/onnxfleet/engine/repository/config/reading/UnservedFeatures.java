package io.onnxfleet.engine.repository.config.reading;

import io.onnxfleet.engine.repository.proto.InputProto;
import io.onnxfleet.engine.repository.proto.InstanceGroupProto;
import io.onnxfleet.engine.repository.proto.ModelConfigProto;
import io.onnxfleet.engine.repository.proto.OptimizationProto;
import io.onnxfleet.engine.repository.proto.OutputProto;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * What the schema knows and this engine does not do. A setting that would change answers, files or
 * guarantees is refused by its name; one that only tunes Triton's own machinery is accepted with a
 * note.
 */
final class UnservedFeatures {
  static final String PLATFORM = "onnxruntime_onnx";
  static final String BACKEND = "onnxruntime";

  private UnservedFeatures() {}

  /** The first feature that a configuration asks for in vain, or empty if all are served. */
  static Optional<String> first(ModelConfigProto proto) {
    return Stream.of(
            Stream.of(
                used(proto.hasSequenceBatching(), "sequence_batching"),
                used(proto.hasEnsembleScheduling(), "ensemble_scheduling"),
                other("platform", proto.getPlatform(), PLATFORM),
                other("backend", proto.getBackend(), BACKEND),
                used(
                    proto.getModelTransactionPolicy().getDecoupled(),
                    "model_transaction_policy.decoupled"),
                used(proto.getBatchInputCount() > 0, "batch_input"),
                used(proto.getBatchOutputCount() > 0, "batch_output"),
                used(proto.getCcModelFilenamesCount() > 0, "cc_model_filenames"),
                used(
                    proto.getModelOperations().getOpLibraryFilenameCount() > 0, "model_operations"),
                used(
                    proto.getModelRepositoryAgents().getAgentsCount() > 0,
                    "model_repository_agents")),
            proto.getInputList().stream().flatMap(UnservedFeatures::ofInput),
            proto.getOutputList().stream().flatMap(UnservedFeatures::ofOutput),
            proto.getInstanceGroupList().stream().flatMap(UnservedFeatures::ofGroup))
        .flatMap(features -> features)
        .flatMap(Optional::stream)
        .findFirst();
  }

  private static Stream<Optional<String>> ofInput(InputProto input) {
    String where = "input '" + input.getName() + "': ";
    return Stream.of(
        used(input.getIsShapeTensor(), where + "is_shape_tensor"),
        used(input.getAllowRaggedBatch(), where + "allow_ragged_batch"),
        used(input.getIsNonLinearFormatIo(), where + "is_non_linear_format_io"));
  }

  private static Stream<Optional<String>> ofOutput(OutputProto output) {
    String where = "output '" + output.getName() + "': ";
    return Stream.of(
        used(output.getIsShapeTensor(), where + "is_shape_tensor"),
        used(output.getIsNonLinearFormatIo(), where + "is_non_linear_format_io"));
  }

  private static Stream<Optional<String>> ofGroup(InstanceGroupProto group) {
    return Stream.of(
        used(group.getPassive(), "instance_group.passive"),
        used(group.getProfileCount() > 0, "instance_group.profile"),
        used(group.getSecondaryDevicesCount() > 0, "instance_group.secondary_devices"));
  }

  private static Optional<String> used(boolean used, String feature) {
    return used ? Optional.of(feature) : Optional.empty();
  }

  private static Optional<String> other(String field, String value, String served) {
    return used(
        !value.isEmpty() && !value.equals(served),
        "%s '%s' (expected '%s')".formatted(field, value, served));
  }

  /** The settings that have no effect. */
  static List<String> notes(ModelConfigProto proto) {
    List<String> notes = new ArrayList<>();
    note(notes, !proto.getRuntime().isEmpty(), "runtime");
    note(notes, proto.getMetricTagsCount() > 0, "metric_tags");
    if (proto.getResponseCache().getEnable()) {
      notes.add(
          "response_cache: accepted; the gateway keeps answers where fleet.gateway.cache.models"
              + " names the model");
    }
    note(notes, proto.getModelMetrics().getMetricControlCount() > 0, "model_metrics");
    note(
        notes,
        proto.getDynamicBatching().getPreserveOrdering(),
        "dynamic_batching.preserve_ordering");
    for (InstanceGroupProto group : proto.getInstanceGroupList()) {
      note(notes, group.hasRateLimiter(), "instance_group.rate_limiter");
      note(notes, !group.getHostPolicy().isEmpty(), "instance_group.host_policy");
    }
    OptimizationProto optimization = proto.getOptimization();
    note(notes, optimization.getPriorityValue() != 0, "optimization.priority");
    note(notes, optimization.hasCuda(), "optimization.cuda");
    note(notes, optimization.hasInputPinnedMemory(), "optimization.input_pinned_memory");
    note(notes, optimization.hasOutputPinnedMemory(), "optimization.output_pinned_memory");
    note(
        notes,
        optimization.getGatherKernelBufferThreshold() != 0,
        "optimization.gather_kernel_buffer_threshold");
    note(notes, optimization.getEagerBatching(), "optimization.eager_batching");
    return notes.stream().distinct().toList();
  }

  private static void note(List<String> notes, boolean used, String setting) {
    if (used) {
      notes.add(setting + ": accepted, without effect");
    }
  }
}
