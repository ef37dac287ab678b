package io.onnxfleet.engine.repository;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.repository.config.reading.DeclaredConfig;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class FolderModelRepositoryTest extends ModelRepositoryContract {
  @TempDir private Path parent;

  private Path root;
  private FolderModelRepository repository;

  @BeforeEach
  void create() throws IOException {
    root = Files.createDirectory(parent.resolve("models"));
    repository = new FolderModelRepository(root);
  }

  @Override
  ModelRepository repository() {
    return repository;
  }

  @Override
  void add(String model, long version) {
    write(model + "/" + version + "/model.onnx", "");
  }

  @Override
  void addBroken(String model) {
    write(model + "/config.pbtxt", "max_batchsize: 1");
    write(model + "/1/model.onnx", "");
  }

  @Override
  void remove(String model) {
    try (Stream<Path> files = Files.walk(root.resolve(model))) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    } catch (IOException failure) {
      throw new UncheckedIOException(failure);
    }
  }

  @Test
  void find_readsTheConfig_whenThereIsOne() {
    write(
        "a/config.pbtxt",
        "name: \"a\" default_model_filename: \"net.onnx\" version_policy { all { } }");
    write("a/1/net.onnx", "");
    write("a/2/net.onnx", "");

    ModelFolder model = find("a");
    assertThat(model.problem()).isNull();
    assertThat(model.path()).isEqualTo(root.resolve("a"));
    DeclaredConfig config = Objects.requireNonNull(model.config());
    assertThat(config.source()).isEqualTo("a/config.pbtxt");
    assertThat(model.servedVersions())
        .containsExactly(
            new ModelFolder.Version(1, root.resolve("a/1/net.onnx"), null),
            new ModelFolder.Version(2, root.resolve("a/2/net.onnx"), null));
  }

  @Test
  void find_tellsTheConfigsPlace_whenItIsWrong() {
    addBroken("b");

    assertThat(find("b").config()).isNull();
    assertThat(find("b").problem())
        .isEqualTo(
            "b/config.pbtxt:1:1: unknown field 'max_batchsize' (did you mean 'max_batch_size'?)");
  }

  @Test
  void find_tellsBothNames_whenTheConfigHasAnother() {
    write("a/config.pbtxt", "name: \"b\"");
    write("a/1/model.onnx", "");

    assertThat(find("a").problem())
        .isEqualTo("a/config.pbtxt: name 'b' (expected 'a', as its folder is called)");
  }

  @Test
  void find_tellsTheFeature_whenTheConfigAsksForWhatIsNotServed() {
    write("a/config.pbtxt", "backend: \"python\"");
    write("a/1/model.py", "");

    assertThat(find("a").problem())
        .isEqualTo("uses backend 'python' (expected 'onnxruntime'), which is not served");
    assertThat(find("a").config()).isNotNull();
  }

  @Test
  void find_tellsWhatIsMissing_whenThereIsNoVersion() {
    write("a/model.pt", "");

    assertThat(find("a").versions()).isEmpty();
    assertThat(find("a").problem())
        .contains("no versions")
        .contains(root.resolve("a/1").toString());
  }

  @Test
  void find_takesTheHubsLayoutAndABareFile_whereThereIsNoVersion() {
    write("hub/onnx/model.onnx", "");
    write("hub/onnx/model_quantized.onnx", "");
    write("hub/model.onnx", "");
    write("hub/1_Pooling/config.json", "{}");
    write("bare/model.onnx", "");
    write("triton/1/model.onnx", "");
    write("triton/onnx/model.onnx", "");

    assertThat(find("hub").versions())
        .containsExactly(new ModelFolder.Version(1, root.resolve("hub/onnx/model.onnx"), null));
    assertThat(find("hub").problem()).isNull();
    assertThat(find("bare").versions())
        .containsExactly(new ModelFolder.Version(1, root.resolve("bare/model.onnx"), null));
    assertThat(find("triton").versions())
        .containsExactly(new ModelFolder.Version(1, root.resolve("triton/1/model.onnx"), null));
  }

  @Test
  void find_takesAnotherFile_onlyWhenItIsNamed() {
    write("a/onnx/model_quantized.onnx", "");
    write("b/onnx/model_quantized.onnx", "");
    write("b/config.pbtxt", "default_model_filename: \"onnx/model_quantized.onnx\"");

    assertThat(find("a").problem())
        .contains("[model_quantized.onnx]")
        .contains("default_model_filename");
    assertThat(find("b").versions())
        .containsExactly(
            new ModelFolder.Version(1, root.resolve("b/onnx/model_quantized.onnx"), null));
    assertThat(find("b").problem()).isNull();
  }

  @Test
  void find_tellsTheFile_whenTheModelIsMissing() throws IOException {
    write("a/1/other.onnx", "");
    Files.createDirectories(root.resolve("b/1/model.onnx"));

    String expected = root.resolve("a/1/model.onnx") + " (expected a model file)";
    assertThat(find("a").problem()).isEqualTo(expected);
    assertThat(find("a").versions().getFirst().problem()).isEqualTo(expected);
    assertThat(find("b").problem()).contains("(expected a model file)");
  }

  @Test
  void find_keepsTheOtherVersions_whenOneLacksItsFile() {
    write("a/1/model.onnx", "");
    write("a/2/other.onnx", "");

    assertThat(find("a").problem()).isNull();
    assertThat(find("a").versions())
        .extracting(version -> version.problem() == null)
        .containsExactly(true, false);
  }

  @ParameterizedTest
  @ValueSource(strings = {"0", "-1", "01", "1.0", "v1", "warmup", ".1", "９", "9223372036854775808"})
  void find_ignoresTheFolder_whenItsNameIsNoVersion(String name) {
    write("a/1/model.onnx", "");
    write("a/" + name + "/model.onnx", "");

    assertThat(find("a").versions()).extracting(ModelFolder.Version::number).containsExactly(1L);
  }

  @Test
  void find_takesTheLargestVersion_whenItFits63Bits() {
    write("a/9223372036854775807/model.onnx", "");

    assertThat(find("a").servedVersions())
        .extracting(ModelFolder.Version::number)
        .containsExactly(Long.MAX_VALUE);
  }

  @Test
  void scan_ignoresFilesAndHiddenFolders() {
    add("a", 1);
    write("README.md", "");
    write(".git/1/model.onnx", "");

    assertThat(repository.scan()).extracting(ModelFolder::name).containsExactly("a");
  }

  @Test
  void scan_followsLinks_whenModelsVersionsOrFilesAreLinked() throws IOException {
    Path elsewhere = Files.createDirectories(parent.resolve("elsewhere/1"));
    Path file = Files.writeString(elsewhere.resolve("model.onnx"), "");
    Files.createSymbolicLink(root.resolve("model-link"), elsewhere.getParent());
    Files.createDirectory(root.resolve("version-link"));
    Files.createSymbolicLink(root.resolve("version-link/2"), elsewhere);
    Files.createDirectories(root.resolve("file-link/3"));
    Files.createSymbolicLink(root.resolve("file-link/3/model.onnx"), file);
    Files.createSymbolicLink(root.resolve("dangling"), parent.resolve("nowhere"));

    assertThat(repository.scan())
        .extracting(ModelFolder::name)
        .containsExactly("file-link", "model-link", "version-link");
    assertThat(repository.scan()).extracting(ModelFolder::problem).containsOnlyNulls();
    assertThat(new FolderModelRepository(link("root-link", root)).scan()).hasSize(3);
  }

  @Test
  void find_tellsAProblem_whenTheConfigIsNoFile() throws IOException {
    add("a", 1);
    link("models/a/config.pbtxt", parent.resolve("nowhere"));
    add("b", 1);
    Files.createDirectory(root.resolve("b/config.pbtxt"));

    assertThat(find("a").problem()).startsWith("a/config.pbtxt: NoSuchFileException");
    assertThat(find("b").problem()).startsWith("b/config.pbtxt: ");
  }

  @Test
  void scan_lists_whenANameHasControlCharacters() {
    add("a\nb", 1);

    assertThat(repository.scan().getFirst().problem()).contains("control characters");
  }

  @Test
  void scan_fails_whenTheRootIsMissing() throws IOException {
    Path missing = parent.resolve("missing");
    Path file = Files.writeString(parent.resolve("file"), "");

    for (Path wrong : List.of(missing, file)) {
      assertThatThrownBy(() -> new FolderModelRepository(wrong).scan())
          .isInstanceOfSatisfying(
              InferenceException.class,
              failure -> assertThat(failure.code()).isEqualTo(ErrorCode.MODEL_LOAD_FAILED))
          .hasMessage("model repository: " + wrong + " (expected a readable folder)");
    }
  }

  private ModelFolder find(String name) {
    return repository.find(name).orElseThrow();
  }

  private Path link(String name, Path target) throws IOException {
    return Files.createSymbolicLink(parent.resolve(name), target);
  }

  private void write(String path, String text) {
    try {
      Path file = root.resolve(path);
      Files.createDirectories(file.getParent());
      Files.writeString(file, text);
    } catch (IOException failure) {
      throw new UncheckedIOException(failure);
    }
  }
}
