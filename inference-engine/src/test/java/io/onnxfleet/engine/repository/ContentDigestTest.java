package io.onnxfleet.engine.repository;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.repository.ModelFolder.Version;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class ContentDigestTest {
  private static final FileTime FIXED = FileTime.fromMillis(315532800000L);

  @TempDir private Path root;

  @Test
  void of_isTheSame_whenTheSameBytesLieElsewhereUnderOtherTimes() throws IOException {
    write("a/1/model.onnx", "model");
    write("a/1/labels.txt", "one");
    write("b/7/labels.txt", "one");
    write("b/7/model.onnx", "model");
    Files.setLastModifiedTime(root.resolve("b/7/model.onnx"), FIXED);

    assertThat(digest("a", 1).model()).isEqualTo(digest("b", 7).model()).hasSize(64);
    // Where a side file lies matters: the folder of version 7 is another.
    assertThat(digest("a", 1)).isNotEqualTo(digest("b", 7));
    write("c/1/model.onnx", "model");
    write("c/1/labels.txt", "one");
    assertThat(digest("a", 1)).isEqualTo(digest("c", 1));
    assertThat(digest("a", 1).brief()).hasSize(12).isEqualTo(digest("c", 1).brief());
  }

  @Test
  void of_isAnother_whenBytesChangeUnderTheSameSizeAndTime() throws IOException {
    for (String file :
        List.of(
            "a/1/model.onnx",
            "a/1/tokenizer.json",
            "a/tokenizer.json",
            "a/1/deep/er/side.txt",
            "a/1_Pooling/config.json",
            "a/2_Dense/model.safetensors",
            "a/labels.txt")) {
      write("a/1/model.onnx", "model");
      write(file, "before");
      Files.setLastModifiedTime(root.resolve(file), FIXED);
      ContentDigest before = digest("a", 1);
      write(file, "after!");
      Files.setLastModifiedTime(root.resolve(file), FIXED);
      assertThat(digest("a", 1)).as(file).isNotEqualTo(before);
      assertThat(digest("a", 1).model().equals(before.model()))
          .as(file)
          .isEqualTo(!file.endsWith("model.onnx"));
    }
  }

  @Test
  void of_isAnother_whenAFileComesOrGoesOrIsCalledAnother() throws IOException {
    write("a/1/model.onnx", "model");
    ContentDigest bare = digest("a", 1);
    write("a/1/empty", "");
    ContentDigest withEmpty = digest("a", 1);
    Files.move(root.resolve("a/1/empty"), root.resolve("a/1/vacant"));
    ContentDigest renamed = digest("a", 1);
    assertThat(List.of(bare, withEmpty, renamed)).doesNotHaveDuplicates();
    Files.delete(root.resolve("a/1/vacant"));
    assertThat(digest("a", 1)).isEqualTo(bare);
  }

  @Test
  void of_isAnother_whenTheConfigurationSaysAnotherThing_butNotForInstances() throws IOException {
    write("a/1/model.onnx", "model");
    write("a/config.pbtxt", "max_batch_size: 4");
    ContentDigest four = digest("a", 1);
    write("a/config.pbtxt", "# said otherwise\nmax_batch_size:   4");
    assertThat(digest("a", 1)).isEqualTo(four);
    write("a/config.pbtxt", "max_batch_size: 4 instance_group { count: 2 kind: KIND_CPU }");
    assertThat(digest("a", 1)).isEqualTo(four);
    write("a/config.pbtxt", "max_batch_size: 8");
    assertThat(digest("a", 1)).isNotEqualTo(four);
    assertThat(digest("a", 1).model()).isEqualTo(four.model());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "a/2/model.onnx",
        "a/.git/HEAD",
        "a/1/.model.onnx.part",
        "a/1/model_quantized.onnx",
        "a/1/model_fp16.onnx_data",
        "a/pytorch_model.bin",
        "a/1/model.safetensors"
      })
  void of_isTheSame_whateverBecomesOfWhatIsNotServed(String file) throws IOException {
    write("a/1/model.onnx", "model");
    ContentDigest before = digest("a", 1);
    write(file, "something");
    assertThat(digest("a", 1)).isEqualTo(before);
  }

  @Test
  void of_followsLinks_asAConfigMapSwapsThem() throws IOException {
    write("a/..2026_1/model.onnx", "old");
    write("a/..2026_2/model.onnx", "new");
    Files.createDirectories(root.resolve("a/1"));
    Path data = root.resolve("a/..data");
    Files.createSymbolicLink(data, Path.of("..2026_1"));
    Files.createSymbolicLink(root.resolve("a/1/model.onnx"), Path.of("../..data/model.onnx"));
    ContentDigest old = digest("a", 1);
    Files.delete(data);
    Files.createSymbolicLink(data, Path.of("..2026_2"));
    ContentDigest now = digest("a", 1);
    assertThat(now).isNotEqualTo(old);
    write("b/1/model.onnx", "new");
    assertThat(now.model()).isEqualTo(digest("b", 1).model());
  }

  @Test
  void of_endsAndLeavesOutVersions_whenLinksLeadBack() throws IOException {
    write("a/1/model.onnx", "one");
    write("a/2/model.onnx", "two");
    ContentDigest before = digest("a", 1);
    Files.createSymbolicLink(root.resolve("a/latest"), Path.of("2"));
    assertThat(digest("a", 1)).isEqualTo(before);
    Files.createDirectories(root.resolve("a/side"));
    Files.createSymbolicLink(root.resolve("a/side/up"), Path.of(".."));
    Files.createSymbolicLink(root.resolve("a/side/nowhere"), Path.of("gone"));
    assertThat(digest("a", 1).sideFile("side/up")).isEmpty();
    assertThat(digest("a", 1)).isEqualTo(digest("a", 1));
  }

  @Test
  void of_saysWhatIsWrong_whenTheModelIsGoneOrClosed() throws IOException {
    write("a/1/model.onnx", "model");
    ModelFolder folder = folder("a");
    Files.delete(root.resolve("a/1/model.onnx"));
    assertThatThrownBy(() -> ContentDigest.of(folder, folder.version(1).orElseThrow()))
        .isInstanceOf(InferenceException.class)
        .hasMessage("model.onnx: gone (expected a file)");
    Files.createDirectory(root.resolve("a/1/model.onnx"));
    assertThatThrownBy(() -> ContentDigest.of(folder, folder.version(1).orElseThrow()))
        .isInstanceOf(InferenceException.class);
  }

  @Test
  void of_takesNoNoticeOfPermissions_ofSideFilesItMayNotRead() throws IOException {
    write("a/1/model.onnx", "model");
    write("a/1/secret.txt", "secret");
    Path secret = root.resolve("a/1/secret.txt");
    Files.setPosixFilePermissions(secret, PosixFilePermissions.fromString("---------"));
    boolean mayRead = Files.isReadable(secret);
    assertThat(digest("a", 1).sideFile("1/secret.txt").isPresent()).isEqualTo(mayRead);
  }

  @Test
  void of_readsAllOfALargeFile_whicheverByteChanges() throws IOException {
    byte[] bytes = new byte[(37 << 20) + 11];
    new Random(5).nextBytes(bytes);
    Path file = Files.createDirectories(root.resolve("a/1")).resolve("model.onnx");
    Files.write(file, bytes);
    ContentDigest whole = digest("a", 1);
    assertThat(digest("a", 1)).isEqualTo(whole);
    for (int at : new int[] {0, (4 << 20) - 1, 4 << 20, 20_000_000, bytes.length - 1}) {
      bytes[at] ^= 1;
      Files.write(file, bytes);
      assertThat(digest("a", 1)).as("byte " + at).isNotEqualTo(whole);
      bytes[at] ^= 1;
    }
    Files.write(file, Arrays.copyOf(bytes, bytes.length - 1));
    assertThat(digest("a", 1)).isNotEqualTo(whole);
  }

  private ContentDigest digest(String model, long version) {
    ModelFolder folder = folder(model);
    Version wanted = folder.version(version).orElseThrow();
    return ContentDigest.of(folder, wanted);
  }

  private ModelFolder folder(String model) {
    return new FolderModelRepository(root).find(model).orElseThrow();
  }

  private void write(String file, String text) throws IOException {
    Path path = root.resolve(file);
    Files.createDirectories(path.getParent());
    Files.write(path, text.getBytes(StandardCharsets.UTF_8));
  }
}
