package io.onnxfleet.engine.repository.config.reading;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.repository.config.VersionPolicy;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class ModelConfigParserTest {
  private static final String SOURCE = "simple/config.pbtxt";

  @Test
  void parse_readsEverySection_whenTheTextUsesAllForms() {
    DeclaredConfig config =
        ModelConfigParser.parse(
            SOURCE,
            """
            # Lists, commas, one-line messages and both quotes.
            name: "all" platform: 'onnxruntime_onnx'
            max_batch_size: 0x10
            input [ { name: "a" data_type: TYPE_FP32 dims: [ 3, -1 ] }, { name: "b" dims: 1 dims: 2 } ]
            output { name: "o" reshape { shape: [ ] } }
            version_policy: { specific { versions: [ 3, 1 ] } }
            dynamic_batching {
              preferred_batch_size: [ 4, 8 ];
              priority_queue_policy { key: 1 value { timeout_action: DELAY } }
            }
            parameters: { key: "k" value: { string_value: "a" "b" } }
            default_model_filename: "other.onnx"
            """);

    assertThat(config.name()).isEqualTo("all");
    assertThat(config.proto().getMaxBatchSize()).isEqualTo(16);
    assertThat(config.proto().getInput(0).getDimsList()).containsExactly(3L, -1L);
    assertThat(config.proto().getInput(1).getDimsList()).containsExactly(1L, 2L);
    assertThat(config.proto().getOutput(0).hasReshape()).isTrue();
    assertThat(config.versionPolicy()).isEqualTo(new VersionPolicy.Specific(List.of(1L, 3L)));
    assertThat(config.proto().getDynamicBatching().getPreferredBatchSizeList())
        .containsExactly(4, 8);
    assertThat(config.proto().getParametersOrThrow("k").getStringValue()).isEqualTo("ab");
    assertThat(config.defaultModelFilename()).isEqualTo("other.onnx");
  }

  @Test
  void parse_takesTheFoldersName_whenTheTextIsEmpty() {
    DeclaredConfig config = ModelConfigParser.parse(SOURCE, "");

    assertThat(config.name()).isEmpty();
    assertThat(config.defaultModelFilename()).isEqualTo("model.onnx");
    assertThat(config.versionPolicy()).isEqualTo(VersionPolicy.DEFAULT);
  }

  /** As Windows' Notepad and PowerShell save text. */
  @Test
  void read_isTheSame_withAByteOrderMark(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("config.pbtxt");
    Files.writeString(file, "\uFEFFname: \"bom\"\r\nmax_batch_size: 4\r\n");

    assertThat(ModelConfigParser.read(file))
        .isEqualTo(ModelConfigParser.parse(SOURCE, "name: \"bom\" max_batch_size: 4"));
  }

  @Test
  void read_namesTheEncoding_whenItIsUtf16(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("config.pbtxt");
    Files.writeString(file, "\uFEFFname: \"a\"", StandardCharsets.UTF_16LE);

    assertThatThrownBy(() -> ModelConfigParser.read(file))
        .isInstanceOf(InferenceException.class)
        .hasMessage(folder.getFileName() + "/config.pbtxt: encoded as UTF-16 (expected UTF-8)");
  }

  @Test
  void parse_namesTheNearestField_whenAFieldIsUnknown() {
    assertFails("name: \"a\"\n\nmax_batchsize: 8\n")
        .hasMessage(
            "simple/config.pbtxt:3:1: unknown field 'max_batchsize'"
                + " (did you mean 'max_batch_size'?)");
  }

  @Test
  void parse_looksInTheFieldsMessage_whenANestedFieldIsUnknown() {
    assertFails("input [\n  { name: \"a\" },\n  { nmae: \"b\" }\n]")
        .hasMessage("simple/config.pbtxt:3:5: unknown field 'nmae' (did you mean 'name'?)");
    assertFails("dynamic_batching {\n  max_queue_delay_microsecond: 1\n}")
        .hasMessageContaining("2:3: unknown field 'max_queue_delay_microsecond'")
        .hasMessageContaining("'max_queue_delay_microseconds'");
    assertFails("parameters { key: \"a\" valu { string_value: \"b\" } }")
        .hasMessageContaining("1:23: unknown field 'valu' (did you mean 'value'?)");
  }

  @Test
  void parse_listsTheFields_whenNoneIsNear() {
    assertFails("version_policy { quux: 1 }")
        .hasMessage(
            "simple/config.pbtxt:1:18: unknown field 'quux'"
                + " (expected one of latest, all, specific)");
  }

  @Test
  void parse_namesEachField_whenSeveralAreUnknown() {
    assertFails("nam: 1\noutptu { }\n")
        .hasMessageContaining("1:1: unknown field 'nam' (did you mean 'name'?); simple/")
        .hasMessageContaining("2:1: unknown field 'outptu' (did you mean 'output'?)");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "max_batch_size: \"8\"|1:17: field 'max_batch_size': |Couldn't parse integer",
        "max_batch_size: 99999999999|1:17: field 'max_batch_size': |32-bit",
        "name: 3|1:7: field 'name': |Expected string",
        "input { dims: [ 1, x ] }|1:20: field 'dims': |Couldn't parse integer",
        "input: 3|1:8: field 'input': |Expected \"{\"",
        "input { data_type: TYPE_FP31 }|1:20: field 'data_type': |'TYPE_FP31' (did you mean 'TYPE_FP32'?)",
        "instance_group { kind: KIND_CUDA }|field 'kind': unknown value 'KIND_CUDA'|KIND_",
        "input { data_type: 77 }|field 'data_type': unknown value '77'|TYPE_INVALID",
        "name: \"a\" name: \"b\"|1:15|cannot be overwritten",
        "name: \"a|1:7|missing ending quote",
        "input { name: \"a\"|1:18|Expected \"}\"",
        "dynamic_batching { } sequence_batching { }|1:|another member of oneof",
        "version_policy { specific { } }|specific versions: []|at least one",
        "default_model_filename: \"../x\"|default_model_filename: '../x'|plain name",
      })
  void parse_namesPlaceAndField_whenAValueIsWrong(String text, String place, String reason) {
    assertFails(text).hasMessageContaining(place).hasMessageContaining(reason);
  }

  @Test
  void parse_fails_whenMessagesNestWithoutEnd() {
    assertFails("input {".repeat(100_000)).hasMessageContaining("1:");
    assertFails("unknown {".repeat(100_000)).hasMessageContaining("nested too deep");
  }

  @Test
  void read_namesFolderAndFile_whenTheFileIsWrong(@TempDir Path folder) throws IOException {
    Path file = Files.createDirectory(folder.resolve("simple")).resolve("config.pbtxt");

    Files.writeString(file, "input [ { } ");
    assertThatThrownBy(() -> ModelConfigParser.read(file))
        .hasMessageStartingWith("simple/config.pbtxt:1:");

    Files.write(file, new byte[] {'n', (byte) 0xff});
    assertThatThrownBy(() -> ModelConfigParser.read(file)).hasMessageContaining("not UTF-8");

    Files.write(file, new byte[ModelConfigParser.MAX_BYTES + 1]);
    assertThatThrownBy(() -> ModelConfigParser.read(file))
        .hasMessageContaining("4194305 bytes (expected: <= 4194304)");

    Files.delete(file);
    assertThatThrownBy(() -> ModelConfigParser.read(file))
        .isInstanceOf(InferenceException.class)
        .hasMessageContaining("NoSuchFileException");
  }

  @Test
  void read_keepsText_whenItIsNotAscii(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("config.pbtxt");
    Files.writeString(file, "name: \"größe🙂\"", StandardCharsets.UTF_8);

    assertThat(ModelConfigParser.read(file).name()).isEqualTo("größe🙂");
  }

  private static org.assertj.core.api.AbstractThrowableAssert<?, ? extends Throwable> assertFails(
      String text) {
    return assertThatThrownBy(() -> ModelConfigParser.parse(SOURCE, text))
        .isInstanceOfSatisfying(
            InferenceException.class,
            failure -> assertThat(failure.code()).isEqualTo(ErrorCode.MODEL_LOAD_FAILED))
        .hasMessageStartingWith(SOURCE + ":");
  }
}
