package io.onnxfleet.engine.repository.config.reading;

import static io.onnxfleet.engine.repository.config.reading.Signatures.signature;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.repository.config.DynamicBatching;
import io.onnxfleet.engine.repository.config.InstanceGroupConfig;
import io.onnxfleet.engine.repository.config.ModelConfig;
import io.onnxfleet.engine.repository.config.OptimizationConfig;
import io.onnxfleet.engine.repository.config.QueuePolicyConfig;
import io.onnxfleet.engine.repository.config.QueuePolicyConfig.TimeoutAction;
import io.onnxfleet.engine.repository.config.TensorConfig;
import io.onnxfleet.engine.repository.config.VersionPolicy;
import io.onnxfleet.engine.repository.config.WarmupConfig;
import io.onnxfleet.engine.runtime.ExecutionProvider;
import io.onnxfleet.engine.runtime.ModelSignature;
import io.onnxfleet.engine.tensor.DataType;
import io.onnxfleet.engine.tensor.Shape;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class ModelConfigDerivationTest {
  private static final ModelSignature SIMPLE =
      signature("INPUT0 INT32[?,16]; INPUT1 INT32[?,16]", "OUTPUT0 INT32[?,16]");

  private static final String LISTED =
      """
      input [ { name: "INPUT0" data_type: TYPE_INT32 dims: [ 16 ] },
              { name: "INPUT1" data_type: TYPE_INT32 dims: [ 16 ] } ]
      output { name: "OUTPUT0" data_type: TYPE_INT32 dims: [ 16 ] }
      """;

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "one name|x FP32[batch,1,28,28]|y FP32[batch,10]|true",
        "no name|X FP32[?,4]|label INT64[?]|true",
        "numbered names|bytes INT32[unk__214,2048]|label FP32[unk__215,214]|true",
        "a name for each|in1 FP32[batch1]; in2 FP32[batch2]|out FP32[batch3]|true",
        "batch_size|input FP32[batch_size,1,224,224]|output FP32[batch_size,1,672,672]|true",
        "everything variable|x FP32[d0,3,d1,d2]|y FP32[d3,1,d4,d5]|true",
        "mixed types|sex BYTES[batch,1]; age FP32[batch,1]|label BYTES[batch]|true",
        "fixed batch of one|x FP32[1,1,28,28]|y FP32[1,10]|false",
        "fixed output|x FP32[?,784]|label INT64[1]|false",
        "scalar input|input FP32[batch,32]; threshold FP32[]|ids INT64[batch]|false",
        "scalar output|input FP32[batch,32]|loss FP32[]|false",
        "fixed state|x FP32[?,?]; state FP32[2,?,128]|y FP32[?,1]|false",
        "sequence first|x FP32[sequence,1,10]|y FP32[sequence,1,9]|true",
        "sequence first, fixed rest|x FP32[sequence,1,10]; h FP32[4,1,20]|y"
            + " FP32[sequence,1,9]|false",
        "time first|x FP32[num_frames,80]|y FP32[num_frames,10]|true",
        "first also behind|x FP32[n,8]|similarity FP32[n,n]|true",
        "first behind another|text INT64[t,s]; image FP32[i,3]|logits FP32[t,i]|true",
        "no inputs||values FP32[?,5]|false",
        "optional with a batch|x FP32[?,4]; b? FP32[?,4]|y FP32[?,4]|true",
        "optional without|x FP32[?,4]; w? FP32[4]|y FP32[?,4]|true",
      })
  void derive_batches_whenEveryTensorLeadsWithTheBatch(
      String name, String inputs, String outputs, boolean batched) {
    ModelSignature signature = signature(inputs == null ? "" : inputs, outputs);
    ModelConfig config = ModelConfigDerivation.derive(name, null, signature);

    assertThat(config.isBatched()).isEqualTo(batched);
    assertThat(config.batchingDerived()).isEqualTo(batched);
    assertThat(config.maxBatchSize())
        .isEqualTo(batched ? ModelConfigDerivation.DEFAULT_MAX_BATCH_SIZE : 0);
    assertThat(config.dynamicBatching()).isEqualTo(batched ? DynamicBatching.DEFAULT : null);
  }

  @Test
  void derive_takesDimsWithoutTheBatch_whenBatched() {
    ModelConfig config =
        ModelConfigDerivation.derive(
            "m", null, signature("x FP32[batch,?,3]; s BYTES[batch]", "y FP16[batch,7]"));

    assertThat(config.inputs())
        .containsExactly(
            new TensorConfig("x", DataType.FP32, Shape.of(-1, 3)),
            new TensorConfig("s", DataType.BYTES, Shape.SCALAR));
    assertThat(config.outputs()).containsExactly(new TensorConfig("y", DataType.FP16, Shape.of(7)));
    assertThat(config.inputs().getFirst().requestShape(config.maxBatchSize()))
        .isEqualTo(Shape.of(-1, -1, 3));
    assertThat(config.defaultModelFilename()).isEqualTo("model.onnx");
    assertThat(config.versionPolicy()).isEqualTo(new VersionPolicy.Latest(1));
    assertThat(config.instanceGroups()).isEmpty();
    assertThat(config.notes()).isEmpty();
  }

  @Test
  void derive_leavesOutAnOptionalInput_whenItHasNoBatch() {
    ModelConfig config =
        ModelConfigDerivation.derive("m", null, signature("x FP32[?,4]; w? FP32[4]", "y FP32[?]"));

    assertThat(config.inputs()).extracting(TensorConfig::name).containsExactly("x");
    assertThat(config.notes())
        .containsExactly("input 'w': optional, and [4] has no batch dimension: not offered");
  }

  @Test
  void derive_leavesTheBatchOut_whenTheConfigurationSaysZero() {
    ModelConfig config = derive("max_batch_size: 0", SIMPLE);

    assertThat(config.isBatched()).isFalse();
    assertThat(config.batchingDerived()).isFalse();
    assertThat(config.batchingObstacle()).isEqualTo("the configuration says max_batch_size: 0");
    assertThat(config.dynamicBatching()).isNull();
    assertThat(config.inputs().getFirst().dims()).isEqualTo(Shape.of(-1, 16));
  }

  @Test
  void derive_runsRequestsAlone_whenListedWithoutDynamicBatching() {
    ModelConfig config = derive("max_batch_size: 8 " + LISTED, SIMPLE);

    assertThat(config.maxBatchSize()).isEqualTo(8);
    assertThat(config.batchingDerived()).isFalse();
    assertThat(config.dynamicBatching()).isNull();
    assertThat(config.inputs().getFirst().dims()).isEqualTo(Shape.of(16));
  }

  @Test
  void derive_batchesDynamically_whenTensorsAreLeftOut() {
    assertThat(derive("max_batch_size: 8", SIMPLE).dynamicBatching())
        .isEqualTo(DynamicBatching.DEFAULT);
    assertThat(derive("max_batch_size: 8", SIMPLE).batchingDerived()).isFalse();
    assertThat(derive("max_batch_size: 1", SIMPLE).dynamicBatching()).isNull();
    assertThat(derive("instance_group { count: 2 }", SIMPLE).maxBatchSize()).isEqualTo(32);
  }

  @Test
  void derive_doesNotBatch_whenListedWithoutMaxBatchSize() {
    ModelConfig config =
        derive(
            """
            input [ { name: "INPUT0" dims: [ -1, 16 ] }, { name: "INPUT1" dims: [ 2, -1 ] } ]
            output { name: "OUTPUT0" }
            """,
            SIMPLE);

    assertThat(config.isBatched()).isFalse();
    assertThat(config.inputs())
        .extracting(TensorConfig::dims)
        .containsExactly(Shape.of(-1, 16), Shape.of(2, 16));
    assertThat(config.outputs().getFirst().dims()).isEqualTo(Shape.of(-1, 16));
  }

  @Test
  void derive_doesNotBatch_whenAPartOfTheTensorsIsListedWithWholeShapes() {
    assertThat(derive("input { name: \"INPUT0\" dims: [ -1, 16 ] }", SIMPLE).isBatched()).isFalse();
    assertThat(derive("input { name: \"INPUT0\" dims: [ 16 ] }", SIMPLE).isBatched()).isTrue();
  }

  @Test
  void derive_servesListedOutputsOnly_whenSomeAreListed() {
    ModelSignature signature = signature("x FP32[?,4]", "a FP32[?,2]; b FP32[?]; c INT64[1]");

    ModelConfig config =
        derive("max_batch_size: 4 output [ { name: \"b\" }, { name: \"a\" } ]", signature);

    assertThat(config.inputs()).extracting(TensorConfig::name).containsExactly("x");
    assertThat(config.outputs()).extracting(TensorConfig::name).containsExactly("a", "b");
  }

  @Test
  void derive_reshapes_whenRequestsAndModelDiffer() {
    ModelConfig config =
        derive(
            """
            max_batch_size: 4
            input { name: "x" dims: [ 1 ] reshape { shape: [ ] } }
            output { name: "y" dims: [ 2, 2, -1 ] reshape { shape: [ 4, -1 ] } }
            """,
            signature("x FP32[?]", "y FP32[?,4,?]"));

    TensorConfig x = config.input("x").orElseThrow();
    assertThat(x.dims()).isEqualTo(Shape.of(1));
    assertThat(x.modelDims()).isEqualTo(Shape.SCALAR);
    assertThat(x.requestShape(4)).isEqualTo(Shape.of(-1, 1));
    assertThat(config.output("y").orElseThrow().modelDims()).isEqualTo(Shape.of(4, -1));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "name: \"other\"|name: 'other' (expected 'simple', as its folder is called)",
        "max_batch_size: -1|max_batch_size: -1 (expected: >= 0)",
        "input { name: \"INPUT2\" }|unknown input 'INPUT2' (did you mean 'INPUT0'?)",
        "output { name: \"x\" }|unknown output 'x' (expected OUTPUT0)",
        "input [ { name: \"INPUT0\" }, { name: \"INPUT0\" } ]|input 'INPUT0': listed twice",
        "input { name: \"INPUT0\" data_type: TYPE_FP32 }|data_type TYPE_FP32 (expected TYPE_INT32",
        "max_batch_size: 8 input { name: \"INPUT0\" dims: [ 8 ] }|dims [8] (expected [16], as the"
            + " model has it behind its batch dimension)",
        "max_batch_size: 8 input { name: \"INPUT0\" dims: [ -1, 16 ] }|dims [-1,16] (expected [16]",
        "input { name: \"INPUT0\" dims: [ 0 ] }|dims [0] (expected each to be -1 or >= 1)",
        "input { name: \"INPUT0\" optional: true }|optional: true (expected false",
        "input { name: \"INPUT0\" dims: [ 4, 2 ] reshape { shape: [ 16 ] } }|reshape [16] (expected"
            + " as many elements as dims [4,2])",
        "max_batch_size: 8 input { name: \"INPUT0\" dims: [ 4, 5 ] reshape { shape: [ 20 ] }"
            + " }|reshape [20] (expected [16]",
        "max_batch_size: 8 dynamic_batching { preferred_batch_size: 9 }|preferred_batch_size: 9"
            + " (expected from 1 to max_batch_size: 8)",
        "dynamic_batching { priority_levels: 2 }|default_priority_level: 0 (expected from 1 to"
            + " priority_levels: 2)",
        "dynamic_batching { priority_levels: 2 default_priority_level: 3 }|default_priority_level:"
            + " 3 (expected: <= 2)",
        "dynamic_batching { priority_levels: 5000 default_priority_level: 3 }|priority_levels: 5000"
            + " (expected: <= 1024)",
        "dynamic_batching { priority_levels: 1 default_priority_level: 1 priority_queue_policy {"
            + " key: 2 value { } } }|priority_queue_policy key: 2",
        "dynamic_batching { max_queue_delay_microseconds: 18446744073709551615"
            + " }|18446744073709551615 (expected: <= 9223372036854775)",
        "instance_group { count: -1 }|instance_group 'simple_0': count: -1 (expected: >= 0)",
        "instance_group { kind: KIND_CPU gpus: 0 }|gpus: [0] (expected none, of kind CPU)",
        "instance_group { gpus: -1 }|gpus: [-1] (expected: >= 0)",
        "optimization { execution_accelerators { gpu_execution_accelerator { name: \"tensortr\" } }"
            + " }|'tensortr' (did you mean 'tensorrt'?)",
        "optimization { execution_accelerators { gpu_execution_accelerator { name: \"tensorrt\""
            + " parameters { key: \"precision\" value: \"FP16\" } } } }|tensorrt parameter"
            + " 'precision'",
        "optimization { execution_accelerators { gpu_execution_accelerator { name: \"tensorrt\""
            + " parameters { key: \"precision_mode\" value: \"FP8\" } } } }|precision_mode: FP8"
            + " (expected one of [FP16, FP32, INT8])",
        "parameters { key: \"padding\" value { string_value: \"left\" } }|parameter 'padding': left"
            + " (expected auto or none: the model has no input 'attention_mask'",
        "model_warmup { name: \"w\" }|model_warmup 'w': batch_size: 0 (expected from 1 to 32)",
        "model_warmup { name: \"w\" batch_size: 1 }|model_warmup 'w': no input 'INPUT0'",
        "output { name: \"OUTPUT0\" label_filename: \"a/b\" }|label_filename: 'a/b'",
      })
  void derive_namesValueAndExpectation_whenTheConfigDoesNotFit(String text, String message) {
    assertThatThrownBy(() -> derive(text, SIMPLE))
        .isInstanceOfSatisfying(
            InferenceException.class,
            failure -> assertThat(failure.code()).isEqualTo(ErrorCode.MODEL_LOAD_FAILED))
        .hasMessageContaining(message);
  }

  @Test
  void derive_namesTheTensor_whenTheModelHasNoBatchDimension() {
    assertThatThrownBy(
            () -> derive("max_batch_size: 2", signature("a FP32[?,3]; b FP32[1,3]", "c FP32[?]")))
        .hasMessage(
            "input 'b': the model's shape is [1,3] (expected a variable first dimension,"
                + " as max_batch_size is above 0)");
    assertThatThrownBy(() -> derive("max_batch_size: 2", signature("a FP32[?,3]", "c FP32[]")))
        .hasMessageContaining("output 'c': the model's shape is []");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "sequence_batching { }|sequence_batching",
        "ensemble_scheduling { }|ensemble_scheduling",
        "platform: \"tensorrt_plan\"|platform 'tensorrt_plan' (expected 'onnxruntime_onnx')",
        "backend: \"python\"|backend 'python' (expected 'onnxruntime')",
        "model_transaction_policy { decoupled: true }|model_transaction_policy.decoupled",
        "batch_input { }|batch_input",
        "batch_output { }|batch_output",
        "cc_model_filenames { key: \"8.0\" value: \"a\" }|cc_model_filenames",
        "model_operations { op_library_filename: \"a.so\" }|model_operations",
        "model_repository_agents { agents { name: \"a\" } }|model_repository_agents",
        "input { name: \"INPUT0\" is_shape_tensor: true }|input 'INPUT0': is_shape_tensor",
        "input { name: \"INPUT0\" allow_ragged_batch: true }|input 'INPUT0': allow_ragged_batch",
        "output { name: \"OUTPUT0\" is_shape_tensor: true }|output 'OUTPUT0': is_shape_tensor",
        "instance_group { passive: true }|instance_group.passive",
        "instance_group { profile: \"1\" }|instance_group.profile",
      })
  void derive_refusesByName_whenAFeatureIsNotServed(String text, String feature) {
    assertThatThrownBy(() -> derive(text, SIMPLE))
        .isInstanceOfSatisfying(
            InferenceException.class,
            failure -> assertThat(failure.code()).isEqualTo(ErrorCode.UNSUPPORTED_FEATURE))
        .hasMessage("model 'simple' uses " + feature + ", which is not served");
  }

  @Test
  void derive_notesIt_whenASettingHasNoEffect() {
    ModelConfig config =
        derive(
            """
            metric_tags { key: "a" value: "b" }
            optimization { cuda { graphs: true } input_pinned_memory { enable: false } }
            instance_group [ { rate_limiter { } }, { rate_limiter { } } ]
            response_cache { enable: false }
            """,
            SIMPLE);

    assertThat(config.notes())
        .containsExactly(
            "metric_tags: accepted, without effect",
            "instance_group.rate_limiter: accepted, without effect",
            "optimization.cuda: accepted, without effect",
            "optimization.input_pinned_memory: accepted, without effect");
  }

  @Test
  void derive_notesWhoKeepsAnswers_whenAResponseCacheIsAskedFor() {
    assertThat(derive("response_cache { enable: true }", SIMPLE).notes())
        .containsExactly(
            "response_cache: accepted; the gateway keeps answers where fleet.gateway.cache.models"
                + " names the model");
  }

  @Test
  void derive_readsDynamicBatching_whenDeclared() {
    ModelConfig config =
        derive(
            "max_batch_size: 8 "
                + LISTED
                + """
                dynamic_batching {
                  preferred_batch_size: [ 8, 4 ]
                  max_queue_delay_microseconds: 100
                  priority_levels: 3
                  default_priority_level: 2
                  default_queue_policy { max_queue_size: 10 }
                  priority_queue_policy {
                    key: 3
                    value {
                      timeout_action: DELAY
                      default_timeout_microseconds: 5000000
                      allow_timeout_override: true
                    }
                  }
                }
                """,
            SIMPLE);

    QueuePolicyConfig lowest =
        new QueuePolicyConfig(0, Duration.ofSeconds(5), TimeoutAction.DELAY, true);
    QueuePolicyConfig usual = new QueuePolicyConfig(10, Duration.ZERO, TimeoutAction.REJECT, false);
    DynamicBatching expected =
        new DynamicBatching(
            List.of(4, 8), Duration.ofNanos(100_000), 3, 2, usual, Map.of(3, lowest));
    assertThat(config.dynamicBatching()).isEqualTo(expected);
    assertThat(expected.queuePolicy(1)).isEqualTo(usual);
    assertThat(expected.queuePolicy(3)).isEqualTo(lowest);
  }

  @Test
  void derive_readsInstancesAndAccelerators_whenDeclared() {
    ModelConfig config =
        derive(
            """
            instance_group [
              { count: 2 kind: KIND_GPU gpus: [ 0, 1 ] },
              { name: "spare" kind: KIND_CPU }
            ]
            optimization {
              graph { level: -1 }
              execution_accelerators {
                gpu_execution_accelerator [
                  { name: "tensorrt"
                    parameters { key: "precision_mode" value: "FP16" }
                    parameters { key: "max_workspace_size_bytes" value: "1024" }
                    parameters { key: "trt_engine_cache_enable" value: "true" } },
                  { name: "cuda" parameters { key: "cudnn_conv_algo_search" value: "HEURISTIC" } }
                ]
                cpu_execution_accelerator { name: "openvino" }
              }
            }
            parameters { key: "intra_op_thread_count" value { string_value: "2" } }
            """,
            SIMPLE);

    assertThat(config.instanceGroups())
        .containsExactly(
            new InstanceGroupConfig("simple_0", InstanceGroupConfig.Kind.GPU, 2, List.of(0, 1)),
            new InstanceGroupConfig("spare", InstanceGroupConfig.Kind.CPU, 0, List.of()));
    assertThat(config.optimization().graphLevel()).isEqualTo(-1);
    assertThat(config.optimization().gpuAccelerators())
        .containsExactly(
            new OptimizationConfig.Accelerator(
                ExecutionProvider.TENSORRT,
                Map.of(
                    "trt_fp16_enable", "1",
                    "trt_max_workspace_size", "1024",
                    "trt_engine_cache_enable", "true")),
            new OptimizationConfig.Accelerator(
                ExecutionProvider.CUDA, Map.of("cudnn_conv_algo_search", "HEURISTIC")));
    assertThat(config.optimization().cpuAccelerators())
        .containsExactly(new OptimizationConfig.Accelerator(ExecutionProvider.OPENVINO, Map.of()));
    assertThat(config.parameters()).containsExactly(Map.entry("intra_op_thread_count", "2"));
  }

  @Test
  void derive_readsWarmups_whenDeclared() {
    ModelConfig config =
        derive(
            """
            model_warmup {
              name: "w"
              batch_size: 4
              inputs { key: "a" value { data_type: TYPE_FP32 dims: [ 3 ] random_data: true } }
              inputs { key: "b" value { data_type: TYPE_STRING dims: [ 5 ] input_data_file: "b" } }
              inputs { key: "c" value { data_type: TYPE_BOOL zero_data: true } }
            }
            """,
            signature("a FP32[?,3]; b BYTES[?,?]; c BOOL[?]", "y FP32[?]"));

    assertThat(config.warmups())
        .containsExactly(
            new WarmupConfig(
                "w",
                4,
                1,
                List.of(
                    new WarmupConfig.Input(
                        "a", DataType.FP32, Shape.of(3), new WarmupConfig.Data.Random()),
                    new WarmupConfig.Input(
                        "b", DataType.BYTES, Shape.of(5), new WarmupConfig.Data.File("b")),
                    new WarmupConfig.Input(
                        "c", DataType.BOOL, Shape.SCALAR, new WarmupConfig.Data.Zero()))));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "data_type: TYPE_FP64 dims: [ 3 ] zero_data: true|data_type TYPE_FP64 (expected TYPE_FP32)",
        "dims: [ 3 ] zero_data: true|data_type TYPE_INVALID (expected TYPE_FP32)",
        "data_type: TYPE_FP32 dims: [ 4 ] zero_data: true|dims [4] (expected [3])",
        "data_type: TYPE_FP32 dims: [ -1 ] zero_data: true|dims [-1] (expected: >= 0)",
        "data_type: TYPE_FP32 dims: [ 3 ]|no data (expected zero_data, random_data or",
        "data_type: TYPE_FP32 dims: [ 3 ] input_data_file: \"../a\"|'../a' (expected a file's plain"
            + " name)",
      })
  void derive_namesTheWarmupsInput_whenItDoesNotFit(String input, String message) {
    String text =
        "model_warmup { name: \"w\" batch_size: 1 inputs { key: \"a\" value { " + input + " } } }";

    assertThatThrownBy(() -> derive(text, signature("a FP32[?,3]", "y FP32[?]")))
        .hasMessageContaining("model_warmup 'w': input 'a'")
        .hasMessageContaining(message);
  }

  private static ModelConfig derive(String text, ModelSignature signature) {
    return ModelConfigDerivation.derive(
        "simple", ModelConfigParser.parse("simple/config.pbtxt", text), signature);
  }
}
