package io.onnxfleet.engine.repository.config.reading;

import io.onnxfleet.engine.repository.config.TensorConfig;
import io.onnxfleet.engine.repository.config.VersionPolicy;
import io.onnxfleet.engine.repository.proto.DynamicBatchingProto;
import io.onnxfleet.engine.repository.proto.InputProto;
import io.onnxfleet.engine.repository.proto.ModelConfigProto;
import io.onnxfleet.engine.repository.proto.OutputProto;
import io.onnxfleet.engine.repository.proto.VersionPolicyProto;
import io.onnxfleet.engine.tensor.Shape;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;

/** What was declared of a model, with all that was derived filled in. */
final class CompletedConfig {
  private CompletedConfig() {}

  static String json(
      ModelConfigProto declared,
      String model,
      int maxBatchSize,
      List<TensorConfig> inputs,
      List<TensorConfig> outputs,
      boolean dynamicBatching,
      String filename) {
    ModelConfigProto.Builder completed =
        declared.toBuilder()
            .setName(model)
            .setPlatform(UnservedFeatures.PLATFORM)
            .setBackend(UnservedFeatures.BACKEND)
            .setMaxBatchSize(maxBatchSize)
            .setDefaultModelFilename(filename);
    if (ConfigSections.versionPolicy(declared).equals(VersionPolicy.DEFAULT)) {
      completed.setVersionPolicy(
          VersionPolicyProto.newBuilder()
              .setLatest(VersionPolicyProto.Latest.newBuilder().setNumVersions(1)));
    }
    if (dynamicBatching && !declared.hasDynamicBatching()) {
      completed.setDynamicBatching(DynamicBatchingProto.getDefaultInstance());
    }
    Map<String, InputProto> listedInputs =
        declared.getInputList().stream()
            .collect(Collectors.toMap(InputProto::getName, Function.identity()));
    Map<String, OutputProto> listedOutputs =
        declared.getOutputList().stream()
            .collect(Collectors.toMap(OutputProto::getName, Function.identity()));
    completed.clearInput();
    for (TensorConfig input : inputs) {
      completed.addInput(
          listedInputs.getOrDefault(input.name(), InputProto.getDefaultInstance()).toBuilder()
              .setName(input.name())
              .setDataType(TensorMatching.proto(input.dataType()))
              .clearDims()
              .addAllDims(dims(input.dims()))
              .setOptional(input.optional()));
    }
    completed.clearOutput();
    for (TensorConfig output : outputs) {
      completed.addOutput(
          listedOutputs.getOrDefault(output.name(), OutputProto.getDefaultInstance()).toBuilder()
              .setName(output.name())
              .setDataType(TensorMatching.proto(output.dataType()))
              .clearDims()
              .addAllDims(dims(output.dims())));
    }
    return ModelConfigJson.write(completed.build());
  }

  private static List<Long> dims(Shape shape) {
    return Arrays.stream(shape.dims()).boxed().toList();
  }
}
