package io.onnxfleet.engine.repository.config.reading;

import io.onnxfleet.engine.repository.config.TensorConfig;
import io.onnxfleet.engine.repository.config.WarmupConfig;
import io.onnxfleet.engine.repository.proto.DataTypeProto;
import io.onnxfleet.engine.repository.proto.WarmupProto;
import io.onnxfleet.engine.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Reads warm-up requests and checks that the model would take them. */
final class WarmupSection {
  private final int maxBatchSize;
  private final List<TensorConfig> inputs;

  WarmupSection(int maxBatchSize, List<TensorConfig> inputs) {
    this.maxBatchSize = maxBatchSize;
    this.inputs = inputs;
  }

  WarmupConfig read(WarmupProto proto) {
    String where = "model_warmup '" + proto.getName() + "'";
    int batchSize = proto.getBatchSize();
    int largest = Math.max(1, maxBatchSize);
    if (batchSize < 1 || batchSize > largest) {
      throw ConfigFailure.invalid(
          "%s: batch_size: %s (expected from 1 to %d)",
          where, Integer.toUnsignedString(batchSize), largest);
    }
    if (proto.getCount() < 0) {
      throw ConfigFailure.invalid(
          "%s: count: %s (expected: <= %d)",
          where, Integer.toUnsignedString(proto.getCount()), Integer.MAX_VALUE);
    }
    Map<String, WarmupProto.Input> given = new TreeMap<>(proto.getInputsMap());
    List<WarmupConfig.Input> read = new ArrayList<>();
    for (TensorConfig input : inputs) {
      WarmupProto.Input data = given.remove(input.name());
      if (data != null) {
        read.add(input(where + ": input '" + input.name() + "'", input, data));
      } else if (!input.optional()) {
        throw ConfigFailure.invalid("%s: no input '%s' (expected all)", where, input.name());
      }
    }
    for (String unknown : given.keySet()) {
      throw ConfigFailure.invalid(
          "%s: unknown input '%s'%s",
          where,
          unknown,
          NearestName.hint(unknown, inputs.stream().map(TensorConfig::name).toList()));
    }
    return new WarmupConfig(proto.getName(), batchSize, Math.max(1, proto.getCount()), read);
  }

  private static WarmupConfig.Input input(
      String where, TensorConfig input, WarmupProto.Input proto) {
    if (proto.getDataType() == DataTypeProto.TYPE_INVALID
        || TensorMatching.dataType(proto.getDataType()) != input.dataType()) {
      throw ConfigFailure.invalid(
          "%s: data_type %s (expected %s)",
          where, proto.getDataType(), TensorMatching.proto(input.dataType()));
    }
    if (proto.getDimsList().stream().anyMatch(dim -> dim < 0)) {
      throw ConfigFailure.invalid("%s: dims %s (expected: >= 0)", where, proto.getDimsList());
    }
    Shape dims = Shape.of(proto.getDimsList().stream().mapToLong(Long::longValue).toArray());
    if (!input.dims().accepts(dims)) {
      throw ConfigFailure.invalid("%s: dims %s (expected %s)", where, dims, input.dims());
    }
    return new WarmupConfig.Input(
        input.name(),
        input.dataType(),
        dims,
        switch (proto.getInputDataTypeCase()) {
          case ZERO_DATA -> new WarmupConfig.Data.Zero();
          case RANDOM_DATA -> new WarmupConfig.Data.Random();
          case INPUT_DATA_FILE ->
              new WarmupConfig.Data.File(
                  FileNames.checked(where + ": input_data_file", proto.getInputDataFile()));
          case INPUTDATATYPE_NOT_SET ->
              throw ConfigFailure.invalid(
                  "%s: no data (expected zero_data, random_data or input_data_file)", where);
        });
  }
}
