package io.onnxfleet.engine.repository.config.reading;

import static io.onnxfleet.engine.repository.config.reading.Signatures.signature;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.TextFormat;
import com.google.protobuf.util.JsonFormat;
import io.onnxfleet.engine.repository.config.ModelConfig;
import io.onnxfleet.engine.repository.proto.ModelConfigProto;
import org.junit.jupiter.api.Test;

final class ModelConfigJsonTest {
  private static final String EVERYTHING =
      """
      name: "a\\"b\\\\c\\nd\\001e🙂"
      version_policy { specific { versions: [ 1, 9223372036854775807 ] } }
      max_batch_size: 8
      input { name: "x" data_type: TYPE_INT64 format: FORMAT_NCHW dims: [ 3, -1 ] reshape { } }
      output { name: "y" data_type: TYPE_STRING dims: 1 label_filename: "labels.txt" }
      batch_input { kind: BATCH_ITEM_SHAPE target_name: "t" }
      batch_output { target_name: "t" }
      optimization {
        graph { level: -1 }
        cuda { graph_spec { input { key: "x" value { dim: [ 1, 2 ] } } } }
        execution_accelerators { cpu_execution_accelerator { name: "openvino" } }
      }
      dynamic_batching {
        preferred_batch_size: [ 4, 8 ]
        priority_levels: 18446744073709551615
        priority_queue_policy { key: 10 value { max_queue_size: 4294967295 } }
        priority_queue_policy { key: 9 value { timeout_action: DELAY } }
      }
      instance_group { kind: KIND_GPU gpus: [ 0, 1 ] rate_limiter { resources { global: true } } }
      parameters { key: "b" value { string_value: "2" } }
      parameters { key: "a" value { string_value: "1" } }
      model_warmup {
        inputs { key: "x" value { dims: 4 zero_data: false } }
      }
      model_transaction_policy { }
      model_metrics { metric_control { histogram_options { buckets: [ -1.5, 1e300, inf, nan ] } } }
      """;

  @Test
  void write_isReadBackUnchanged_whenEverythingIsSet() throws Exception {
    ModelConfigProto proto = TextFormat.parse(EVERYTHING, ModelConfigProto.class);

    assertThat(read(ModelConfigJson.write(proto))).isEqualTo(proto);
  }

  @Test
  void write_isReadBackUnchanged_whenFloatsAreSet() throws Exception {
    ModelConfigProto proto =
        TextFormat.parse(
            """
            sequence_batching {
              direct { minimum_slot_utilization: 0.1 }
              control_input { control { fp32_false_true: [ 0, -inf ] bool_false_true: true } }
            }
            """,
            ModelConfigProto.class);

    assertThat(read(ModelConfigJson.write(proto))).isEqualTo(proto);
  }

  @Test
  void toJson_looksAsTritonWritesIt_whenAllIsDerived() {
    ModelConfig config =
        ModelConfigDerivation.derive(
            "simple", null, signature("INPUT0 INT32[?,16]", "OUTPUT0 BYTES[?,16]"));

    assertThat(config.toJson())
        .isEqualTo(
            "{\"name\":\"simple\",\"platform\":\"onnxruntime_onnx\",\"backend\":\"onnxruntime\","
                + "\"runtime\":\"\",\"version_policy\":{\"latest\":{\"num_versions\":1}},"
                + "\"max_batch_size\":32,\"input\":[{\"name\":\"INPUT0\","
                + "\"data_type\":\"TYPE_INT32\",\"format\":\"FORMAT_NONE\",\"dims\":[16],"
                + "\"is_shape_tensor\":false,\"allow_ragged_batch\":false,\"optional\":false,"
                + "\"is_non_linear_format_io\":false}],\"output\":[{\"name\":\"OUTPUT0\","
                + "\"data_type\":\"TYPE_STRING\",\"dims\":[16],\"label_filename\":\"\","
                + "\"is_shape_tensor\":false,\"is_non_linear_format_io\":false}],"
                + "\"batch_input\":[],\"batch_output\":[],\"dynamic_batching\":{"
                + "\"preferred_batch_size\":[],\"max_queue_delay_microseconds\":0,"
                + "\"preserve_ordering\":false,\"priority_levels\":0,"
                + "\"default_priority_level\":0,\"priority_queue_policy\":{}},"
                + "\"instance_group\":[],\"default_model_filename\":\"model.onnx\","
                + "\"cc_model_filenames\":{},\"metric_tags\":{},\"parameters\":{},"
                + "\"model_warmup\":[]}");
  }

  @Test
  void toJson_keepsWhatWasDeclared_whenTheModelCompletesIt() throws Exception {
    ModelConfig config =
        ModelConfigDerivation.derive(
            "simple",
            ModelConfigParser.parse(
                "simple/config.pbtxt",
                """
                max_batch_size: 4
                version_policy { all { } }
                input { name: "a" format: FORMAT_NCHW }
                metric_tags { key: "k" value: "v" }
                dynamic_batching { max_queue_delay_microseconds: 100 }
                """),
            signature("a FP32[?,3,4,4]; b INT8[?]", "y FP32[?]"));

    ModelConfigProto proto = read(config.toJson());
    assertThat(proto.getVersionPolicy().hasAll()).isTrue();
    assertThat(proto.getInput(0).getFormatValue()).isEqualTo(2);
    assertThat(proto.getInput(0).getDimsList()).containsExactly(3L, 4L, 4L);
    assertThat(proto.getInput(1).getName()).isEqualTo("b");
    assertThat(proto.getOutput(0).getName()).isEqualTo("y");
    assertThat(proto.getMetricTagsOrThrow("k")).isEqualTo("v");
    assertThat(proto.getDynamicBatching().getMaxQueueDelayMicroseconds()).isEqualTo(100);
  }

  private static ModelConfigProto read(String json) throws InvalidProtocolBufferException {
    ModelConfigProto.Builder builder = ModelConfigProto.newBuilder();
    JsonFormat.parser().merge(json, builder);
    return builder.build();
  }
}
