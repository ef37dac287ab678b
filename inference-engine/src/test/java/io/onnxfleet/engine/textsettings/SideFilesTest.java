package io.onnxfleet.engine.textsettings;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.repository.ContentDigest;
import io.onnxfleet.engine.repository.ModelFolder;
import io.onnxfleet.engine.repository.ModelFolder.Version;
import io.onnxfleet.engine.tensor.DataType;
import io.onnxfleet.engine.tensor.Shape;
import io.onnxfleet.engine.tensor.TensorSpec;
import io.onnxfleet.testing.model.TinyModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is read of a model's folder once its files were looked at. */
class SideFilesTest {
  @TempDir private Path folder;

  private SideFiles lookedAt(String place) throws IOException {
    Path file = TinyModel.times(2).writeTo(Files.createDirectories(folder.resolve(place)));
    Version version = new Version(1, file, null);
    ContentDigest content =
        ContentDigest.of(new ModelFolder("m", folder, null, List.of(version), null), version);
    assertThat(content.ownFolder()).isEqualTo(place);
    return SideFiles.of(folder, content);
  }

  private Path write(String name, String text) throws IOException {
    Path file = folder.resolve(name);
    Files.createDirectories(file.getParent());
    return Files.writeString(file, text);
  }

  @Test
  void read_refusesWhatWasWrittenTo_alsoWhenSizeAndTimeAreTheSame() throws IOException {
    Path file = write("tokenizer.json", "before");
    FileTime time = Files.getLastModifiedTime(file);
    SideFiles files = lookedAt("1");
    assertThat(files.read(file, 6)).isEqualTo("before".getBytes(UTF_8));

    Files.writeString(file, "after!");
    Files.setLastModifiedTime(file, time);

    assertThatThrownBy(() -> files.read(files.find("tokenizer.json").orElseThrow(), 6))
        .isInstanceOf(InferenceException.class)
        .hasMessageStartingWith(
            "tokenizer.json has changed since the model's files were looked at");
    Files.writeString(file, "before");
    assertThat(files.read(file, 6)).isEqualTo("before".getBytes(UTF_8));
  }

  @Test
  void find_passesOverWhatCameSince() throws IOException {
    write("tokenizer.json", "the model's");
    SideFiles files = lookedAt("1");
    write("1/tokenizer.json", "nearer");
    write("modules.json", "[]");

    assertThat(files.find("tokenizer.json")).contains(folder.resolve("tokenizer.json"));
    assertThat(files.find("modules.json")).isEmpty();
  }

  /** Another file of that name further away is not the one that was looked at. */
  @Test
  void read_refusesWhatWent() throws IOException {
    write("tokenizer.json", "the model's");
    Path nearest = write("1/tokenizer.json", "the version's");
    SideFiles files = lookedAt("1");
    Files.delete(nearest);

    assertThat(files.find("tokenizer.json")).contains(nearest);
    assertThatThrownBy(() -> files.read(nearest, 100)).isInstanceOf(IOException.class);
  }

  @Test
  void read_isOfSoManyBytes() throws IOException {
    Path file = write("config.json", "1234567");
    SideFiles files = lookedAt("onnx");

    assertThat(files.read(file, 7)).hasSize(7);
    assertThatThrownBy(() -> files.read(file, 6)).hasMessage("7 bytes (expected: <= 6)");
  }

  @Test
  void complete_isRefused_whenPoolingWasReplacedWhileTheModelLoads() throws IOException {
    write("tokenizer.json", "{}");
    write("1_Pooling/config.json", "{\"pooling_mode_cls_token\":true}");
    SideFiles files = lookedAt("onnx");
    assertThat(complete(files)).containsEntry("pooling", "cls");

    write("1_Pooling/config.json", "{\"pooling_mode_max_tokens\":true}");
    assertThatThrownBy(() -> complete(files))
        .isInstanceOf(InferenceException.class)
        .hasMessageStartingWith("1_Pooling/config.json has changed since");
    Files.delete(folder.resolve("1_Pooling/config.json"));
    assertThatThrownBy(() -> complete(files))
        .isInstanceOf(InferenceException.class)
        .hasMessageStartingWith("1_Pooling/config.json");
  }

  private Map<String, String> complete(SideFiles files) {
    return TextFolder.complete(
        new TextFolder.Model(
            folder,
            folder.resolve("onnx/model.onnx"),
            files,
            true,
            List.of(new TensorSpec("input_ids", DataType.INT64, Shape.of(-1, -1))),
            List.of(new TensorSpec("last_hidden_state", DataType.FP32, Shape.of(-1, -1, 8)))),
        Map.of());
  }
}
