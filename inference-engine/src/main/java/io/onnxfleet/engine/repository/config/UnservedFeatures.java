package io.onnxfleet.engine.repository.config;

import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.repository.proto.InputProto;
import io.onnxfleet.engine.repository.proto.InstanceGroupProto;
import io.onnxfleet.engine.repository.proto.ModelConfigProto;
import io.onnxfleet.engine.repository.proto.OptimizationProto;
import io.onnxfleet.engine.repository.proto.OutputProto;
import java.util.ArrayList;
import java.util.List;

/**
 * What the schema knows and this engine does not do. A setting that would change answers, files or
 * guarantees is refused by its name; one that only tunes Triton's own machinery is accepted with a
 * note.
 */
final class UnservedFeatures {
  static final String PLATFORM = "onnxruntime_onnx";
  static final String BACKEND = "onnxruntime";

  private UnservedFeatures() {}

  /**
   * Refuses a configuration that asks for too much.
   *
   * @throws InferenceException naming the first such feature
   */
  static void refuse(String model, ModelConfigProto proto) {
    refuse(model, proto.hasSequenceBatching(), "sequence_batching");
    refuse(model, proto.hasEnsembleScheduling(), "ensemble_scheduling");
    refuse(
        model,
        !proto.getPlatform().isEmpty() && !proto.getPlatform().equals(PLATFORM),
        "platform '" + proto.getPlatform() + "' (expected '" + PLATFORM + "')");
    refuse(
        model,
        !proto.getBackend().isEmpty() && !proto.getBackend().equals(BACKEND),
        "backend '" + proto.getBackend() + "' (expected '" + BACKEND + "')");
    refuse(
        model,
        proto.getModelTransactionPolicy().getDecoupled(),
        "model_transaction_policy.decoupled");
    refuse(model, proto.getResponseCache().getEnable(), "response_cache");
    refuse(model, proto.getBatchInputCount() > 0, "batch_input");
    refuse(model, proto.getBatchOutputCount() > 0, "batch_output");
    refuse(model, proto.getCcModelFilenamesCount() > 0, "cc_model_filenames");
    refuse(model, proto.getModelOperations().getOpLibraryFilenameCount() > 0, "model_operations");
    refuse(model, proto.getModelRepositoryAgents().getAgentsCount() > 0, "model_repository_agents");
    for (InputProto input : proto.getInputList()) {
      String where = "input '" + input.getName() + "': ";
      refuse(model, input.getIsShapeTensor(), where + "is_shape_tensor");
      refuse(model, input.getAllowRaggedBatch(), where + "allow_ragged_batch");
      refuse(model, input.getIsNonLinearFormatIo(), where + "is_non_linear_format_io");
    }
    for (OutputProto output : proto.getOutputList()) {
      String where = "output '" + output.getName() + "': ";
      refuse(model, output.getIsShapeTensor(), where + "is_shape_tensor");
      refuse(model, output.getIsNonLinearFormatIo(), where + "is_non_linear_format_io");
    }
    for (InstanceGroupProto group : proto.getInstanceGroupList()) {
      refuse(model, group.getPassive(), "instance_group.passive");
      refuse(model, group.getProfileCount() > 0, "instance_group.profile");
      refuse(model, group.getSecondaryDevicesCount() > 0, "instance_group.secondary_devices");
    }
  }

  private static void refuse(String model, boolean used, String feature) {
    if (used) {
      throw ConfigFailure.notServed(model, feature);
    }
  }

  /** The settings that have no effect. */
  static List<String> notes(ModelConfigProto proto) {
    List<String> notes = new ArrayList<>();
    note(notes, !proto.getRuntime().isEmpty(), "runtime");
    note(notes, proto.getMetricTagsCount() > 0, "metric_tags");
    note(notes, proto.getModelMetrics().getMetricControlCount() > 0, "model_metrics");
    note(
        notes,
        proto.getDynamicBatching().getPreserveOrdering(),
        "dynamic_batching.preserve_ordering");
    for (InstanceGroupProto group : proto.getInstanceGroupList()) {
      note(notes, group.hasRateLimiter(), "instance_group.rate_limiter");
      note(notes, !group.getHostPolicy().isEmpty(), "instance_group.host_policy");
    }
    for (OutputProto output : proto.getOutputList()) {
      note(notes, !output.getLabelFilename().isEmpty(), "output.label_filename");
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
