package io.onnxfleet.inference.protocol.v2;

import io.swagger.v3.oas.annotations.media.Schema;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The bodies of calls as the OpenAPI document describes them; the codec reads and writes them. */
final class InferenceBodies {
  /** Of the default model. */
  static final String EXAMPLE =
      """
      {"inputs": [
        {"name": "input_ids", "datatype": "INT64", "shape": [1, 4], "data": [101, 7592, 2088, 102]},
        {"name": "attention_mask", "datatype": "INT64", "shape": [1, 4], "data": [1, 1, 1, 1]},
        {"name": "token_type_ids", "datatype": "INT64", "shape": [1, 4], "data": [0, 0, 0, 0]}]}""";

  private InferenceBodies() {}

  @Schema(name = "InferenceRequest")
  record Request(
      @Schema(description = "Echoed in the answer") @Nullable String id,
      @Schema(
              description =
                  "timeout (microseconds), priority (1 is the highest), binary_data_output",
              example = "{\"binary_data_output\": false}")
          @Nullable Map<String, Object> parameters,
      List<Tensor> inputs,
      @Schema(description = "Outputs wanted; all if absent") @Nullable List<Output> outputs) {}

  @Schema(name = "InferenceResponse")
  record Response(
      @Schema(name = "model_name") String modelName,
      @Schema(name = "model_version") String modelVersion,
      @Nullable String id,
      List<Tensor> outputs) {}

  @Schema(name = "Tensor")
  record Tensor(
      String name,
      @Schema(example = "[1, 4]") List<Long> shape,
      @Schema(
              allowableValues = {
                "BOOL", "UINT8", "UINT16", "UINT32", "UINT64", "INT8", "INT16", "INT32", "INT64",
                "FP16", "BF16", "FP32", "FP64", "BYTES"
              },
              example = "FP32")
          String datatype,
      @Schema(description = "binary_data_size, if the elements follow the JSON in binary")
          @Nullable Map<String, Object> parameters,
      @Schema(
              description = "Elements, row-major; nested or flat in requests, flat in answers",
              example = "[1.0, 2.0, 3.0, 4.0]")
          @Nullable List<Object> data) {}

  @Schema(name = "RequestedOutput")
  record Output(
      String name,
      @Schema(example = "{\"binary_data\": true}") @Nullable Map<String, Object> parameters) {}
}
