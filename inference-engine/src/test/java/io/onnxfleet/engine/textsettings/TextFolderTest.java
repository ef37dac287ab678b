package io.onnxfleet.engine.textsettings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.tensor.DataType;
import io.onnxfleet.engine.tensor.Shape;
import io.onnxfleet.engine.tensor.TensorSpec;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TextFolderTest {
  private static final TensorSpec IDS = integers("input_ids");
  private static final TensorSpec MASK = integers("attention_mask");
  private static final TensorSpec HIDDEN = floats("last_hidden_state", -1, -1, 384);
  private static final String MODULES =
      """
      [{"idx":0,"name":"0","path":"","type":"sentence_transformers.models.Transformer"},
       {"idx":1,"name":"1","path":"1_Pooling","type":"sentence_transformers.models.Pooling"},
       {"idx":2,"name":"2","path":"2_Normalize","type":"sentence_transformers.models.Normalize"}]
      """;

  @TempDir private Path root;
  private Path folder;

  @BeforeEach
  void makeFolder() throws IOException {
    folder = Files.createDirectory(root.resolve("some-encoder"));
    write("onnx/model.onnx", "not read");
    write("tokenizer.json", "{}");
  }

  @Test
  void complete_takesTheMean_andCallsItTheDefault_whenNothingIsSaid() {
    Map<String, String> completed = complete(Map.of());

    assertThat(completed)
        .containsEntry("pooling", "mean")
        .containsEntry("output", "last_hidden_state");
    assertThat(completed.get("pooling-source")).startsWith("the default");
    assertThat(TextFolder.notes(completed))
        .singleElement()
        .asString()
        .startsWith("pooling mean: the default: nothing says another");
  }

  @ParameterizedTest
  @CsvSource({
    "pooling_mode_cls_token,cls",
    "pooling_mode_mean_tokens,mean",
    "pooling_mode_max_tokens,max",
    "pooling_mode_lasttoken,lasttoken",
    "pooling_mode_mean_sqrt_len_tokens,mean_sqrt_len",
    "pooling_mode_weightedmean_tokens,weightedmean"
  })
  void complete_believesThePoolingFile(String flag, String pooling) {
    write("modules.json", MODULES);
    write(
        "1_Pooling/config.json",
        "{\"word_embedding_dimension\":384,\"pooling_mode_mean_tokens\":false,\"%s\":true}"
            .formatted(flag));

    Map<String, String> completed = complete(Map.of());

    assertThat(completed)
        .containsEntry("pooling", pooling)
        .containsEntry("pooling-source", "1_Pooling/config.json")
        .containsEntry("normalize", "true")
        .containsEntry("normalize-source", "modules.json");
    assertThat(TextFolder.notes(completed)).isEmpty();
    assertThat(TextSettings.of(completed).poolingAsked()).isFalse();
  }

  @Test
  void complete_readsThePoolingFile_whereThereAreNoModules() {
    write("1_Pooling/config.json", "{\"pooling_mode_cls_token\":true}");

    assertThat(complete(Map.of())).containsEntry("pooling", "cls");
  }

  @Test
  void complete_readsTheFilesOfLaterLibraries() {
    write(
        "modules.json",
        """
        \uFEFF[{"idx":1,"path":"1_Pooling",
          "type":"sentence_transformers.sentence_transformer.modules.pooling.Pooling"},
         {"idx":0,"path":"","type":"sentence_transformers.base.modules.transformer.Transformer"}]
        """);
    write(
        "1_Pooling/config.json",
        "{\"embedding_dimension\":384,\"pooling_mode\":\"lasttoken\",\"include_prompt\":false}");

    assertThat(complete(Map.of()))
        .containsEntry("pooling", "lasttoken")
        .containsEntry("include-prompt", "false")
        .containsEntry("normalize", "false");
  }

  @Test
  void complete_joinsSeveralPoolings_inTheLibrarysOrder() {
    write(
        "1_Pooling/config.json",
        """
        {"pooling_mode_mean_tokens":true,"pooling_mode_cls_token":true,"pooling_mode_max_tokens":true}
        """);

    assertThat(complete(Map.of())).containsEntry("pooling", "cls+max+mean");
  }

  @Test
  void complete_prefersWhatLiesBesideTheFile() {
    write("1_Pooling/config.json", "{\"pooling_mode_cls_token\":true}");
    write("onnx/1_Pooling/config.json", "{\"pooling_mode_lasttoken\":true}");

    assertThat(complete(Map.of())).containsEntry("pooling", "lasttoken");
  }

  @Test
  void complete_keepsWhatIsDeclared() {
    write("modules.json", MODULES);
    write("1_Pooling/config.json", "{\"pooling_mode_cls_token\":true}");
    write("sentence_bert_config.json", "{\"max_seq_length\":128}");
    write(
        "config_sentence_transformers.json",
        "{\"prompts\":{\"query\":\"q: \",\"x\":\"x: \"},\"default_prompt_name\":\"x\"}");

    Map<String, String> completed =
        complete(
            Map.of(
                "pooling", "max",
                "normalize", "false",
                "max-sequence-length", "64",
                "prompt.query", "ask: ",
                "default-prompt", "none"));

    assertThat(completed)
        .containsEntry("pooling", "max")
        .containsEntry("pooling-source", "config.pbtxt")
        .containsEntry("normalize", "false")
        .containsEntry("max-sequence-length", "64")
        .containsEntry("prompt.query", "ask: ")
        .containsEntry("prompt.x", "x: ");
    assertThat(TextSettings.of(completed).defaultPrompt()).isNull();
    assertThat(TextSettings.of(completed).poolingAsked()).isTrue();
  }

  @Test
  void complete_findsAKnownModel_byWhatItWasMadeFrom() {
    write("config.json", "{\"_name_or_path\":\"BAAI/bge-small-en-v1.5\",\"model_type\":\"bert\"}");

    Map<String, String> completed = complete(Map.of());

    assertThat(completed)
        .containsEntry("pooling", "cls")
        .containsEntry("normalize", "true")
        .containsEntry("max-sequence-length", "512")
        .containsEntry("prompt.query", "Represent this sentence for searching relevant passages: ");
    assertThat(completed.get("pooling-source")).contains("_name_or_path 'BAAI/bge-small-en-v1.5'");
    assertThat(TextFolder.notes(completed)).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"bge-small-en-v1.5", "BGE-small-en-v15-onnx-int8", "bge_small_en_v1.5"})
  void complete_guessesByTheFoldersName_andSaysSo(String name) throws IOException {
    folder = Files.move(folder, root.resolve(name));

    Map<String, String> completed = complete(Map.of());

    assertThat(completed).containsEntry("pooling", "cls");
    assertThat(TextFolder.notes(completed))
        .singleElement()
        .asString()
        .startsWith("pooling cls: a guess: the table of known models, by the folder's name");
  }

  @Test
  void complete_doesNotGuess_whenTheVectorsAreOfAnotherSize() throws IOException {
    folder = Files.move(folder, root.resolve("bge-small-en-v1.5"));

    assertThat(
            complete(List.of(IDS, MASK), List.of(floats("x", -1, -1, 8)), Map.of(), false)
                .get("pooling-source"))
        .startsWith("the default");
  }

  @Test
  void complete_leavesPoolingAlone_whenTheGraphPools() {
    write("modules.json", MODULES);
    write("1_Pooling/config.json", "{\"pooling_mode_cls_token\":true}");

    Map<String, String> completed =
        complete(List.of(IDS, MASK), List.of(floats("embeddings", -1, 384)), Map.of(), false);

    assertThat(completed)
        .doesNotContainKey("pooling")
        .containsEntry("output", "embeddings")
        .containsEntry("normalize", "true");
    assertThat(TextFolder.notes(completed)).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        // sentence_bert_config | tokenizer_config | config | expected | source
        "{\"max_seq_length\":256}|{\"model_max_length\":512}|{\"max_position_embeddings\":512}"
            + "|256|sentence_bert_config.json",
        "{\"max_seq_length\":null}|{\"model_max_length\":128}|{\"max_position_embeddings\":512}"
            + "|128|tokenizer_config.json",
        "{}|{\"model_max_length\":1000000000000000019884624838656}"
            + "|{\"max_position_embeddings\":512}|512|config.json",
        "{}|{}|{\"max_position_embeddings\":514,\"model_type\":\"roberta\",\"pad_token_id\":1}"
            + "|512|config.json",
        "{\"max_seq_length\":514}|{}"
            + "|{\"max_position_embeddings\":514,\"model_type\":\"xlm-roberta\"}|512|config.json",
        "{}|{\"model_max_length\":8192}|{}|8192|tokenizer_config.json"
      })
  void complete_findsTheLength(
      String sentence, String tokenizer, String config, String expected, String source) {
    write("sentence_bert_config.json", sentence);
    write("tokenizer_config.json", tokenizer);
    write("config.json", config);

    assertThat(complete(Map.of()))
        .containsEntry("max-sequence-length", expected)
        .containsEntry("max-sequence-length-source", source);
  }

  @Test
  void complete_refusesALength_thatTheModelHasNoPositionsFor() {
    write("config.json", "{\"max_position_embeddings\":512}");

    assertFails(Map.of("max-sequence-length", "513"), "max-sequence-length: 513 (expected <= 512");
  }

  @Test
  void complete_readsPrompts() {
    write(
        "config_sentence_transformers.json",
        "{\"prompts\":{\"query\":\"q: \",\"document\":\"\"},\"default_prompt_name\":\"query\"}");

    TextSettings settings = TextSettings.of(complete(Map.of()));

    assertThat(settings.prompts()).isEqualTo(Map.of("query", "q: ", "document", ""));
    assertThat(settings.defaultPrompt()).isEqualTo("query");
  }

  @Test
  void complete_refusesADefaultPrompt_thatIsNone() {
    write("config_sentence_transformers.json", "{\"default_prompt_name\":\"query\"}");

    assertFails(Map.of(), "config_sentence_transformers.json, default_prompt_name: query");
  }

  @Test
  void complete_findsDenseLayers() {
    write(
        "modules.json",
        MODULES.replace("2_Normalize", "2_Dense").replace("models.Normalize", "models.Dense"));
    write("1_Pooling/config.json", "{}");
    assertFails(Map.of(), "2_Dense/model.safetensors (expected a file)");

    write("2_Dense/pytorch_model.bin", "x");
    assertThat(complete(Map.of()).get("text-refused")).contains("pytorch_model.bin");

    write("2_Dense/model.safetensors", "x");
    assertThat(complete(Map.of())).containsEntry("dense", "2_Dense");
    assertThat(complete(Map.of("dense", "none"))).containsEntry("dense", "none");
  }

  @Test
  void complete_namesAModule_thatIsNotServed() {
    write("modules.json", MODULES.replace("models.Normalize", "models.LSTM"));
    write("1_Pooling/config.json", "{}");

    assertThat(complete(Map.of()).get("text-refused"))
        .isEqualTo("modules.json has a module sentence_transformers.models.LSTM");
  }

  @Test
  void complete_refusesADecoder_whereItLiesWithoutConfiguration() {
    write("config.json", "{\"architectures\":[\"GPT2LMHeadModel\"],\"model_type\":\"gpt2\"}");

    assertThatExceptionOfType(InferenceException.class)
        .isThrownBy(() -> complete(List.of(IDS, MASK), List.of(HIDDEN), Map.of(), true))
        .withMessageContaining("config.json says GPT2LMHeadModel, which is a decoder")
        .returns(ErrorCode.MODEL_LOAD_FAILED, InferenceException::code);
    assertThat(complete(Map.of()).get("text-refused")).contains("GPT2LMHeadModel");
    assertThat(complete(Map.of("pooling", "lasttoken"))).doesNotContainKey("text-refused");
  }

  @Test
  void complete_takesADecoder_thatIsMadeForVectors() {
    write("config.json", "{\"architectures\":[\"Qwen3ForCausalLM\"],\"model_type\":\"qwen3\"}");
    write("modules.json", MODULES);
    write("1_Pooling/config.json", "{\"pooling_mode_lasttoken\":true}");

    assertThat(complete(List.of(IDS, MASK), List.of(HIDDEN), Map.of(), true))
        .containsEntry("pooling", "lasttoken")
        .doesNotContainKey("text-refused");
    assertThat(
            complete(
                    List.of(IDS, integers("past_key_values.0.key")),
                    List.of(HIDDEN),
                    Map.of(),
                    false)
                .get("text-refused"))
        .contains("past_key_values.0.key");
  }

  @Test
  void complete_takesNoScoresForVectors() {
    write(
        "config.json",
        "{\"architectures\":[\"BertForSequenceClassification\"],\"id2label\":{\"0\":\"a\",\"1\":\"b\"}}");

    assertThat(
            complete(List.of(IDS), List.of(floats("scores", -1, 2)), Map.of(), false)
                .get("text-refused"))
        .contains("BertForSequenceClassification, with 2 labels");
    assertThat(
            complete(
                List.of(IDS), List.of(floats("scores", -1, 2)), Map.of("output", "scores"), false))
        .doesNotContainKey("text-refused");
  }

  @Test
  void complete_refusesLabels_thatAreTooManyOrTooLong() {
    List<TensorSpec> two = List.of(floats("logits", -1, 2));
    head("Sequence", "{\"0\":\"a\",\"1\":\"%s\"}".formatted("b".repeat(1024)));
    assertThat(complete(List.of(IDS), two, Map.of(), false)).doesNotContainKey("text-refused");
    head("Sequence", "{\"0\":\"a\",\"1\":\"%s\"}".formatted("b".repeat(1025)));
    assertThat(complete(List.of(IDS), two, Map.of(), false))
        .doesNotContainKey("labels")
        .containsEntry(
            "text-refused",
            "config.json has a label of 1025 characters, which is more than is served");
    String many =
        IntStream.range(0, 10_001)
            .mapToObj(label -> "\"%d\":\"x\"".formatted(label))
            .collect(Collectors.joining(",", "{", "}"));
    head("Sequence", many);
    assertThat(complete(List.of(IDS), List.of(floats("logits", -1, -1)), Map.of(), false))
        .doesNotContainKey("labels")
        .containsEntry(
            "text-refused", "config.json has 10001 labels, which is more than is served");
  }

  @Test
  void complete_saysTheTask_byTheHeadAndItsLabels() {
    List<TensorSpec> three = List.of(floats("logits", -1, 3));
    head("Sequence", "{\"0\":\"a\",\"1\":\"b\",\"2\":\"c\"},\"problem_type\":\"regression\"");
    assertThat(complete(List.of(IDS), three, Map.of(), false))
        .containsEntry("task", "classify")
        .containsEntry("output", "logits")
        .containsEntry("labels", "[\"a\",\"b\",\"c\"]")
        .containsEntry("problem-type", "regression")
        .doesNotContainKeys("text-refused", "pooling");
    assertThat(complete(List.of(IDS), three, Map.of("task", "rerank"), false).get("text-refused"))
        .contains("has 3 logits (expected 1 or 2, for the task rerank)");
    assertThat(
            complete(List.of(IDS), List.of(floats("logits", -1, 2)), Map.of(), false)
                .get("text-refused"))
        .contains("has 2 logits (expected 3, as many as it has labels)");
    head("Sequence", "{\"0\":\"LABEL_0\"}");
    assertThat(complete(List.of(IDS), List.of(floats("logits", -1, 1)), Map.of(), false))
        .containsEntry("task", "rerank");
    head("Sequence", "{\"0\":\"no\",\"1\":\"yes\"},\"sentence_transformers\":{}");
    assertThat(complete(List.of(IDS), List.of(floats("logits", -1, 2)), Map.of(), false))
        .containsEntry("task", "rerank");
    head("Token", "{\"0\":\"O\",\"1\":\"B-X\"}");
    assertThat(complete(List.of(IDS), List.of(floats("logits", -1, -1, 2)), Map.of(), false))
        .containsEntry("task", "token-classify");
    assertThat(complete(Map.of())).containsEntry("task", "embed");
  }

  @Test
  void complete_takesTheTaskThatIsStated() {
    List<TensorSpec> vocabulary = List.of(floats("logits", -1, -1, 30522));
    assertThat(complete(List.of(IDS), vocabulary, Map.of("task", "sparse"), false))
        .containsEntry("output", "logits")
        .containsEntry("task-source", "config.pbtxt")
        .doesNotContainKey("text-refused");
    assertThat(
            complete(List.of(IDS), vocabulary, Map.of("task", "classify"), false)
                .get("text-refused"))
        .contains("no output 'logits' of rank 2 for the task classify");
    assertThatExceptionOfType(InferenceException.class)
        .isThrownBy(() -> complete(Map.of("task", "sing")))
        .withMessageContaining("parameter task: sing (expected one of [embed, rerank");
    write(
        "modules.json",
        "[{\"idx\":0,\"path\":\"\",\"type\":\"sentence_transformers.sparse_encoder.models.MLMTransformer\"},"
            + "{\"idx\":1,\"path\":\"1_SpladePooling\",\"type\":\"sentence_transformers.sparse_encoder.models.SpladePooling\"}]");
    write(
        "1_SpladePooling/config.json",
        "{\"pooling_strategy\":\"max\",\"activation_function\":\"relu\"}");
    assertThat(complete(List.of(IDS), vocabulary, Map.of(), false))
        .containsEntry("task", "sparse")
        .doesNotContainKey("text-refused");
    write("1_SpladePooling/config.json", "{\"pooling_strategy\":\"sum\"}");
    assertThat(complete(List.of(IDS), vocabulary, Map.of(), false).get("text-refused"))
        .contains("a SpladePooling of sum and relu (expected max and relu)");
  }

  @Test
  void complete_saysHowVectorsAreCompared() {
    write("config_sentence_transformers.json", "{\"similarity_fn_name\":\"dot\"}");
    assertThat(complete(Map.of())).containsEntry("similarity", "dot");
    write("config_sentence_transformers.json", "{\"similarity_fn_name\":\"sound\"}");
    assertThatExceptionOfType(InferenceException.class)
        .isThrownBy(() -> complete(Map.of()))
        .withMessageContaining("similarity_fn_name: sound (expected one of [cosine, dot");
  }

  private void head(String kind, String labels) {
    write(
        "config.json",
        "{\"architectures\":[\"BertFor%sClassification\"],\"id2label\":%s}"
            .formatted(kind, labels));
  }

  @Test
  void complete_saysWherePositionsBegin() {
    List<TensorSpec> inputs = List.of(IDS, MASK, integers("position_ids"));
    assertThat(complete(inputs, List.of(HIDDEN), Map.of(), false).get("text-refused"))
        .contains("position_ids");

    write("config.json", "{\"model_type\":\"bert\"}");
    assertThat(complete(inputs, List.of(HIDDEN), Map.of(), false))
        .containsEntry("position-offset", "0");
    write("config.json", "{\"model_type\":\"xlm-roberta\",\"pad_token_id\":1}");
    assertThat(complete(inputs, List.of(HIDDEN), Map.of(), false))
        .containsEntry("position-offset", "2");
  }

  /** Another class of that name does what its author likes. */
  @Test
  void complete_servesNoText_whereAModuleIsNotTheLibrarys_orStandsTwice() {
    write("1_Pooling/config.json", "{}");
    write("modules.json", MODULES.replace("sentence_transformers.models.T", "custom_st.T"));
    assertThat(complete(Map.of()).get("text-refused"))
        .isEqualTo("modules.json has a module custom_st.Transformer");
    write("modules.json", MODULES.replace("models.Normalize", "models.Pooling"));
    write("2_Normalize/config.json", "{\"pooling_mode_cls_token\":true}");
    assertThat(complete(Map.of()).get("text-refused"))
        .isEqualTo("modules.json has two Pooling modules");
    assertThat(complete(Map.of("pooling", "cls"))).doesNotContainKey("text-refused");
  }

  @Test
  void complete_refusesAPoolingThatIsNotKnown() {
    for (String others : List.of("", ",\"pooling_mode_mean_tokens\":true")) {
      write("1_Pooling/config.json", "{\"pooling_mode_attention_tokens\":true" + others + "}");
      assertFails(
          Map.of(), "1_Pooling/config.json, pooling_mode_attention_tokens: true (expected one of");
    }
    write(
        "1_Pooling/config.json",
        "{\"pooling_mode_attention_tokens\":false,\"pooling_mode_cls_token\":true}");
    assertThat(complete(Map.of())).containsEntry("pooling", "cls");
  }

  @Test
  void complete_readsTheSizeOfTheVocabulary() {
    assertThat(complete(Map.of())).doesNotContainKey("vocabulary");
    write("config.json", "{\"vocab_size\":30522}");
    assertThat(complete(Map.of())).containsEntry("vocabulary", "30522");
    assertThat(TextSettings.of(complete(Map.of())).vocabulary()).contains(30522);
    assertThat(TextSettings.of(complete(Map.of("vocabulary", "any"))).vocabulary()).isEmpty();
    assertFails(Map.of("vocabulary", "many"), "parameter vocabulary: many (expected a number");
  }

  @Test
  void complete_namesTheFile_whenItIsAPointerOrMalformed() {
    write("modules.json", "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n");
    assertFails(Map.of(), "modules.json is a pointer of Git LFS");
    write("modules.json", "{}");
    assertFails(Map.of(), "modules.json, the file: an object (expected a JSON array)");
    write("modules.json", "[{\"idx\":0,");
    assertFails(Map.of(), "modules.json: ");
    write("modules.json", MODULES);
    assertFails(Map.of(), "1_Pooling");
    write("1_Pooling/config.json", "{\"pooling_mode_cls_token\":\"yes\"}");
    assertFails(Map.of(), "1_Pooling/config.json, pooling_mode_cls_token: \"yes\"");
    write(
        "1_Pooling/config.json",
        "{\"pooling_mode_cls_token\":false,\"pooling_mode_mean_tokens\":false}");
    assertFails(Map.of(), "all false");
    write("modules.json", MODULES.replace("1_Pooling", "../other"));
    assertFails(Map.of(), "path: ../other");
  }

  @Test
  void complete_refusesAPointerInPlaceOfTheTokenizer() {
    write("tokenizer.json", "version https://git-lfs.github.com/spec/v1\n");

    assertFails(Map.of(), "tokenizer.json is a pointer of Git LFS");
  }

  @Test
  void complete_checksParameters_ofAnyModel() {
    List<TensorSpec> pixels = List.of(floats("pixels", -1, 3));

    assertThat(complete(pixels, pixels, Map.of("x", "y"), false)).isEqualTo(Map.of("x", "y"));
    assertThatExceptionOfType(InferenceException.class)
        .isThrownBy(() -> complete(pixels, pixels, Map.of("pooling", "best"), false))
        .withMessageContaining("pooling: best");
    assertFails(Map.of("output", "pooled"), "parameter output: no output 'pooled'");
  }

  @Test
  void table_isWellFormed() {
    for (KnownTextModels.Entry entry : KnownTextModels.table().entries()) {
      assertThat(PoolingMode.parse(entry.pooling())).as(entry.names().toString()).hasSize(1);
      assertThat(entry.read()).as(entry.names().toString()).isNotBlank();
      assertThat(entry.dimensions()).isPositive();
      entry
          .names()
          .forEach(name -> assertThat(KnownTextModels.table().byName(name)).contains(entry));
    }
    assertThat(KnownTextModels.table().byName("/data/BAAI/bge-m3/")).isPresent();
    assertThat(Stream.of("", "/", "bge", "x").map(KnownTextModels.table()::byName))
        .allMatch(java.util.Optional::isEmpty);
  }

  private void assertFails(Map<String, String> declared, String message) {
    assertThatExceptionOfType(InferenceException.class)
        .isThrownBy(() -> complete(declared))
        .withMessageContaining(message)
        .returns(ErrorCode.MODEL_LOAD_FAILED, InferenceException::code);
  }

  private Map<String, String> complete(Map<String, String> declared) {
    return complete(List.of(IDS, MASK), List.of(HIDDEN), declared, false);
  }

  private Map<String, String> complete(
      List<TensorSpec> inputs,
      List<TensorSpec> outputs,
      Map<String, String> declared,
      boolean asItLies) {
    return TextFolder.complete(
        new TextFolder.Model(
            folder,
            folder.resolve("onnx/model.onnx"),
            SideFiles.of(folder, 1),
            asItLies,
            inputs,
            outputs),
        declared);
  }

  private void write(String name, String content) {
    try {
      Path file = folder.resolve(name);
      Files.createDirectories(file.getParent());
      Files.write(file, content.getBytes(StandardCharsets.UTF_8));
    } catch (IOException failure) {
      throw new UncheckedIOException(failure);
    }
  }

  private static TensorSpec integers(String name) {
    return new TensorSpec(name, DataType.INT64, Shape.of(-1, -1));
  }

  private static TensorSpec floats(String name, long... dims) {
    return new TensorSpec(name, DataType.FP32, Shape.of(dims));
  }
}
