package io.onnxfleet.engine.repository.config.reading;

import io.onnxfleet.engine.repository.config.DynamicBatching;
import io.onnxfleet.engine.repository.config.InstanceGroupConfig;
import io.onnxfleet.engine.repository.config.InstanceGroupConfig.Kind;
import io.onnxfleet.engine.repository.config.OptimizationConfig;
import io.onnxfleet.engine.repository.config.QueuePolicyConfig;
import io.onnxfleet.engine.repository.config.QueuePolicyConfig.TimeoutAction;
import io.onnxfleet.engine.repository.config.VersionPolicy;
import io.onnxfleet.engine.repository.proto.DynamicBatchingProto;
import io.onnxfleet.engine.repository.proto.InstanceGroupProto;
import io.onnxfleet.engine.repository.proto.ModelConfigProto;
import io.onnxfleet.engine.repository.proto.OptimizationProto.ExecutionAccelerators;
import io.onnxfleet.engine.repository.proto.QueuePolicyProto;
import io.onnxfleet.engine.repository.proto.VersionPolicyProto;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Reads the sections of a configuration that concern no tensor, each checked for its bounds.
 * Messages name the field by its path.
 */
final class ConfigSections {
  /** Nanoseconds of the longest duration fit a long. */
  static final long MAX_MICROSECONDS = Long.MAX_VALUE / 1_000;

  /** Each level has a queue of its own. */
  static final int MAX_PRIORITY_LEVELS = 1_024;

  private ConfigSections() {}

  static VersionPolicy versionPolicy(ModelConfigProto proto) {
    VersionPolicyProto policy = proto.getVersionPolicy();
    return switch (policy.getPolicyChoiceCase()) {
      // num_versions that is not said is 1.
      case LATEST ->
          new VersionPolicy.Latest(Math.max(1, nonNegative(policy.getLatest().getNumVersions())));
      case ALL -> new VersionPolicy.All();
      case SPECIFIC -> new VersionPolicy.Specific(policy.getSpecific().getVersionsList());
      case POLICYCHOICE_NOT_SET -> VersionPolicy.DEFAULT;
    };
  }

  private static int nonNegative(int unsigned) {
    return unsigned < 0 ? Integer.MAX_VALUE : unsigned;
  }

  static DynamicBatching dynamicBatching(DynamicBatchingProto proto, int maxBatchSize) {
    for (int size : proto.getPreferredBatchSizeList()) {
      if (size < 1 || size > Math.max(1, maxBatchSize)) {
        throw ConfigFailure.invalid(
            "dynamic_batching.preferred_batch_size: %d (expected from 1 to max_batch_size: %d)",
            size, maxBatchSize);
      }
    }
    int levels =
        bounded("dynamic_batching.priority_levels", proto.getPriorityLevels(), MAX_PRIORITY_LEVELS);
    int defaultLevel =
        bounded("dynamic_batching.default_priority_level", proto.getDefaultPriorityLevel(), levels);
    if (levels > 0 && defaultLevel == 0) {
      throw ConfigFailure.invalid(
          "dynamic_batching.default_priority_level: 0 (expected from 1 to priority_levels: %d)",
          levels);
    }
    Map<Integer, QueuePolicyConfig> policies = new HashMap<>();
    proto
        .getPriorityQueuePolicyMap()
        .forEach(
            (level, policy) -> {
              int bounded = bounded("dynamic_batching.priority_queue_policy key", level, levels);
              if (bounded == 0) {
                throw ConfigFailure.invalid(
                    "dynamic_batching.priority_queue_policy key: 0 (expected: >= 1)");
              }
              policies.put(bounded, queuePolicy("priority_queue_policy", policy));
            });
    return new DynamicBatching(
        proto.getPreferredBatchSizeList(),
        microseconds(
            "dynamic_batching.max_queue_delay_microseconds", proto.getMaxQueueDelayMicroseconds()),
        levels,
        defaultLevel,
        queuePolicy("default_queue_policy", proto.getDefaultQueuePolicy()),
        policies);
  }

  private static QueuePolicyConfig queuePolicy(String field, QueuePolicyProto proto) {
    String path = "dynamic_batching." + field;
    return new QueuePolicyConfig(
        bounded(
            path + ".max_queue_size",
            Integer.toUnsignedLong(proto.getMaxQueueSize()),
            Integer.MAX_VALUE),
        microseconds(path + ".default_timeout_microseconds", proto.getDefaultTimeoutMicroseconds()),
        proto.getTimeoutAction() == QueuePolicyProto.TimeoutAction.DELAY
            ? TimeoutAction.DELAY
            : TimeoutAction.REJECT,
        proto.getAllowTimeoutOverride());
  }

  private static Duration microseconds(String field, long unsigned) {
    if (unsigned < 0 || unsigned > MAX_MICROSECONDS) {
      throw ConfigFailure.invalid(
          "%s: %s (expected: <= %d)", field, Long.toUnsignedString(unsigned), MAX_MICROSECONDS);
    }
    return Duration.of(unsigned, ChronoUnit.MICROS);
  }

  private static int bounded(String field, long unsigned, int limit) {
    if (unsigned < 0 || unsigned > limit) {
      throw ConfigFailure.invalid(
          "%s: %s (expected: <= %d)", field, Long.toUnsignedString(unsigned), limit);
    }
    return (int) unsigned;
  }

  static List<InstanceGroupConfig> instanceGroups(String model, ModelConfigProto proto) {
    List<InstanceGroupConfig> groups = new ArrayList<>();
    for (InstanceGroupProto group : proto.getInstanceGroupList()) {
      String name = group.getName().isEmpty() ? model + "_" + groups.size() : group.getName();
      if (group.getGpusList().stream().anyMatch(gpu -> gpu < 0)) {
        throw ConfigFailure.invalid(
            "instance_group '%s': gpus: %s (expected: >= 0)", name, group.getGpusList());
      }
      try {
        groups.add(
            new InstanceGroupConfig(
                name, kind(group.getKind()), group.getCount(), group.getGpusList()));
      } catch (IllegalArgumentException outOfRange) {
        throw ConfigFailure.invalid("instance_group '%s': %s", name, outOfRange.getMessage());
      }
    }
    return groups;
  }

  private static Kind kind(InstanceGroupProto.Kind kind) {
    return switch (kind) {
      case KIND_AUTO, UNRECOGNIZED -> Kind.AUTO;
      case KIND_GPU -> Kind.GPU;
      case KIND_CPU -> Kind.CPU;
      case KIND_MODEL -> Kind.MODEL;
    };
  }

  static OptimizationConfig optimization(ModelConfigProto proto) {
    ExecutionAccelerators accelerators = proto.getOptimization().getExecutionAccelerators();
    return new OptimizationConfig(
        proto.getOptimization().getGraph().getLevel(),
        accelerators.getGpuExecutionAcceleratorList().stream()
            .map(AcceleratorOptions::gpu)
            .toList(),
        accelerators.getCpuExecutionAcceleratorList().stream()
            .map(AcceleratorOptions::cpu)
            .toList());
  }

  static Map<String, String> parameters(ModelConfigProto proto) {
    return proto.getParametersMap().entrySet().stream()
        .collect(
            Collectors.toUnmodifiableMap(
                Map.Entry::getKey, parameter -> parameter.getValue().getStringValue()));
  }
}
