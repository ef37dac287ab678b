package io.onnxfleet.engine.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.engine.tensor.BufferPool;
import io.onnxfleet.engine.tensor.DataType;
import io.onnxfleet.engine.tensor.NamedTensor;
import io.onnxfleet.engine.tensor.Shape;
import io.onnxfleet.engine.tensor.Tensor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** On the default models, because small ones are never kept. */
class GraphCacheTest {
  private static final Path MODELS = Path.of(System.getProperty("fleet.root", ".."), "models");
  private static final long ROOM = 1L << 30;

  private final BufferPool pool = BufferPool.ofDefaults();

  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(strings = {"all-minilm-l6-v2", "all-minilm-l6-v2-int8"})
  void open_answersAsWithoutCache_whenTheFormIsMadeAndWhenItIsFound(String model) {
    Path file = file(model);
    float[] plain = answer(new OnnxRuntime(pool), file);
    assertThat(answer(cached(ROOM), file)).containsExactly(plain);
    assertThat(forms()).hasSize(1);
    assertThat(answer(cached(ROOM), file)).containsExactly(plain);
    assertThat(forms()).hasSize(1);
  }

  @Test
  void open_makesTheFormAnew_whenItsWeightsWereDamaged() throws IOException {
    Path file = file("all-minilm-l6-v2-int8");
    float[] plain = answer(cached(ROOM), file);
    Path weights = forms().getFirst().resolve(GraphCache.WEIGHTS);
    byte[] intact = Files.readAllBytes(weights);
    try (FileChannel channel = FileChannel.open(weights, StandardOpenOption.WRITE)) {
      channel.write(ByteBuffer.wrap(new byte[] {1, 2, 3, 4, 5, 6, 7, 8}), intact.length / 2);
    }
    assertThat(answer(cached(ROOM), file)).containsExactly(plain);
    assertThat(Files.readAllBytes(forms().getFirst().resolve(GraphCache.WEIGHTS)))
        .isEqualTo(intact);
  }

  @Test
  void open_makesTheFormAnew_whenItWasCutOff() throws IOException {
    Path file = file("all-minilm-l6-v2-int8");
    float[] plain = answer(cached(ROOM), file);
    Path weights = forms().getFirst().resolve(GraphCache.WEIGHTS);
    try (FileChannel channel = FileChannel.open(weights, StandardOpenOption.WRITE)) {
      channel.truncate(1000);
    }
    assertThat(answer(cached(ROOM), file)).containsExactly(plain);
  }

  @Test
  void open_opensTheModelItself_whenTheRuntimeRefusedToWriteAForm() throws IOException {
    Path file = file("all-minilm-l6-v2-int8");
    float[] plain = answer(cached(ROOM), file);
    Path form = forms().getFirst();
    Files.writeString(form.resolve(GraphCache.REFUSED), "as if");
    Files.delete(form.resolve(GraphCache.WEIGHTS));
    assertThat(answer(cached(ROOM), file)).containsExactly(plain);
    assertThat(form.resolve(GraphCache.WEIGHTS)).doesNotExist();
  }

  @Test
  void open_keepsAnotherForm_whenTheModelOrASettingIsAnother() throws IOException {
    Path copy = Files.createDirectory(folder.resolve("copy")).resolve("model.onnx");
    Files.copy(file("all-minilm-l6-v2-int8"), copy);
    OnnxRuntime runtime = cached(ROOM);
    answer(runtime, copy);
    // A model and a byte after it: the runtime reads the same, but nobody could know.
    Files.write(copy, new byte[] {0x50, 0x01}, StandardOpenOption.APPEND);
    answer(runtime, copy);
    assertThat(forms()).hasSize(2);
    SessionOptions basic =
        new SessionOptions(
            List.of(ExecutionProvider.CPU),
            null,
            Map.of(),
            1,
            0,
            Map.of(),
            GraphSettings.DEFAULT.withOptimization(GraphSettings.Optimization.BASIC));
    runtime.open(source(copy), basic).close();
    assertThat(forms()).hasSize(3);
  }

  @Test
  void open_dropsTheFormNotUsedForLongest_whenTheyTakeTooMuch() throws IOException {
    Path file = file("all-minilm-l6-v2-int8");
    Path copy = Files.createDirectory(folder.resolve("copy")).resolve("model.onnx");
    Files.copy(file, copy);
    Files.write(copy, new byte[] {0x50, 0x01}, StandardOpenOption.APPEND);
    long roomForOne = 2 * Files.size(copy);
    answer(cached(roomForOne), file);
    Path first = forms().getFirst();
    float[] answer = answer(cached(roomForOne), copy);
    assertThat(forms()).hasSize(1).doesNotContain(first);
    assertThat(answer(cached(roomForOne), copy)).containsExactly(answer);
  }

  /** Another machine has it mapped: there it would be gone. */
  @Test
  void open_dropsNoFormThatAnotherProcessUses() throws Exception {
    Path file = file("all-minilm-l6-v2-int8");
    Path copy = Files.createDirectory(folder.resolve("copy")).resolve("model.onnx");
    Files.copy(file, copy);
    Files.write(copy, new byte[] {0x50, 0x01}, StandardOpenOption.APPEND);
    long roomForOne = 2 * Files.size(copy) + 64;
    answer(cached(roomForOne), file);
    Path first = forms().getFirst();
    Process other = user(first);
    try {
      float[] answer = answer(cached(roomForOne), copy);
      assertThat(forms()).hasSize(2).contains(first);
      assertThat(first.resolve(GraphCache.WEIGHTS)).exists();
      assertThat(answer(cached(roomForOne), copy)).containsExactly(answer);
    } finally {
      other.destroyForcibly().waitFor();
    }
    Files.write(copy, new byte[] {0x50, 0x01}, StandardOpenOption.APPEND);
    answer(cached(roomForOne), copy);
    assertThat(forms()).hasSize(1).doesNotContain(first);
  }

  @Test
  void open_makesNoFormAnewThatAnotherProcessUses_andAnswersWithoutIt() throws Exception {
    Path file = file("all-minilm-l6-v2-int8");
    float[] plain = answer(cached(ROOM), file);
    Path form = forms().getFirst();
    Process other = user(form);
    try {
      Files.writeString(form.resolve(GraphCache.SEAL), "as if");
      assertThat(answer(cached(ROOM), file)).containsExactly(plain);
      assertThat(form.resolve(GraphCache.SEAL)).hasContent("as if");
    } finally {
      other.destroyForcibly().waitFor();
    }
  }

  @Test
  void open_takesFormsOfEarlierVersions_whichHaveNoFileToLock() throws IOException {
    Path file = file("all-minilm-l6-v2-int8");
    float[] plain = answer(cached(ROOM), file);
    Path form = forms().getFirst();
    Path elsewhere = folder.resolve("elsewhere");
    Path moved = Files.createDirectories(elsewhere.resolve(form.getFileName()));
    for (String name : List.of(GraphCache.MODEL, GraphCache.WEIGHTS, GraphCache.SEAL)) {
      Files.copy(form.resolve(name), moved.resolve(name));
    }
    FileTime made = Files.getLastModifiedTime(moved.resolve(GraphCache.SEAL));
    OnnxRuntime runtime =
        new OnnxRuntime(pool, Objects.requireNonNull(GraphCache.open(elsewhere, ROOM)));
    assertThat(answer(runtime, file)).containsExactly(plain);
    assertThat(Files.getLastModifiedTime(moved.resolve(GraphCache.SEAL))).isEqualTo(made);
    assertThat(moved.resolve(GraphCache.USE)).exists();
  }

  @Test
  void open_dropsWhatLayThereOnce_andNothingElse() throws IOException {
    Path cache = Files.createDirectory(folder.resolve("cache"));
    Files.createFile(cache.resolve("0123456789abcdef".repeat(2)));
    Path other = Files.createDirectory(cache.resolve("notes")).resolve("a.note");
    Files.createFile(other);
    assertThat(GraphCache.open(cache, ROOM)).isNotNull();
    assertThat(cache).isDirectoryContaining(entry -> entry.endsWith("notes"));
    assertThat(forms()).containsExactly(other.getParent());
    assertThat(other).exists();
  }

  @Test
  void open_isOff_whenNothingMayBeKept() {
    assertThat(GraphCache.open(folder.resolve("cache"), 0)).isNull();
  }

  /** A model whose content is its bytes, and which is opened where it lies. */
  private static ModelSource source(Path modelFile) {
    return new ModelSource() {
      @Override
      public Path modelFile() {
        return modelFile;
      }

      @Override
      public String content() {
        try {
          MessageDigest digest = MessageDigest.getInstance("SHA-256");
          return HexFormat.of().formatHex(digest.digest(Files.readAllBytes(modelFile)));
        } catch (IOException | NoSuchAlgorithmException failure) {
          throw new IllegalStateException(failure);
        }
      }

      @Override
      public long byteSize() {
        return modelFile.toFile().length();
      }

      @Override
      public Copy copy() {
        return ModelSource.unchanging(modelFile).copy();
      }
    };
  }

  /** A process that has a form mapped, as far as others can tell. */
  private static Process user(Path form) throws IOException {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-cp",
                System.getProperty("java.class.path"),
                FormUser.class.getName(),
                form.resolve(GraphCache.USE).toString())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    assertThat(process.inputReader().readLine()).isEqualTo("used");
    return process;
  }

  private OnnxRuntime cached(long maxBytes) {
    return new OnnxRuntime(
        pool, Objects.requireNonNull(GraphCache.open(folder.resolve("cache"), maxBytes)));
  }

  private List<Path> forms() {
    try (Stream<Path> entries = Files.list(folder.resolve("cache"))) {
      return entries.filter(Files::isDirectory).sorted().toList();
    } catch (IOException failure) {
      throw new UncheckedIOException(failure);
    }
  }

  private static Path file(String model) {
    return MODELS.resolve(model).resolve("1/model.onnx");
  }

  private float[] answer(OnnxRuntime runtime, Path file) {
    List<NamedTensor> inputs = new ArrayList<>();
    List<Tensor> outputs = List.of();
    try (ModelSession session = runtime.open(source(file), SessionOptions.cpu(1))) {
      long[][] values = {{101, 7592, 1010, 2088, 999, 102}, {1, 1, 1, 1, 1, 0}, {0, 0, 0, 0, 0, 0}};
      String[] names = {"input_ids", "attention_mask", "token_type_ids"};
      for (int input = 0; input < names.length; input++) {
        Tensor tensor = Tensor.allocate(pool, DataType.INT64, Shape.of(1, 6));
        tensor.data().asLongBuffer().put(values[input]);
        inputs.add(new NamedTensor(names[input], tensor));
      }
      outputs = session.run(inputs, List.of(session.signature().outputs().getFirst().name()));
      float[] answer = new float[6 * 384];
      outputs.getFirst().data().asFloatBuffer().get(answer);
      return answer;
    } finally {
      inputs.forEach(input -> input.tensor().close());
      outputs.forEach(Tensor::close);
    }
  }
}
