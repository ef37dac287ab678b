package io.onnxfleet.engine.loading;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.onnxfleet.engine.EngineOptions;
import io.onnxfleet.engine.InferenceEngine;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.instance.InstanceGroup;
import io.onnxfleet.engine.loading.open.KeptFiles;
import io.onnxfleet.engine.loading.open.LoadedVersion;
import io.onnxfleet.engine.loading.open.SessionVersionLoader;
import io.onnxfleet.engine.loading.open.VersionLoader;
import io.onnxfleet.engine.loading.rows.RowProofs;
import io.onnxfleet.engine.loading.threads.InstancePlan;
import io.onnxfleet.engine.metrics.EngineMetrics;
import io.onnxfleet.engine.notes.ModelNotes;
import io.onnxfleet.engine.repository.ContentDigest;
import io.onnxfleet.engine.repository.CopiedModel;
import io.onnxfleet.engine.repository.FolderModelRepository;
import io.onnxfleet.engine.repository.ModelFolder;
import io.onnxfleet.engine.repository.config.VersionLimits;
import io.onnxfleet.engine.request.InferenceRequest;
import io.onnxfleet.engine.request.InferenceResponse;
import io.onnxfleet.engine.request.Ticker;
import io.onnxfleet.engine.runtime.ExecutionProviders;
import io.onnxfleet.engine.runtime.OnnxRuntime;
import io.onnxfleet.engine.tensor.BufferPool;
import io.onnxfleet.engine.tensor.NamedTensor;
import io.onnxfleet.engine.tensor.Shape;
import io.onnxfleet.engine.tensor.Tensor;
import io.onnxfleet.testing.model.TinyModel;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What is loaded is what lies there, and stays: models of 4 MB that multiply, whose files are
 * written to while they serve. A fault here may end this process.
 */
final class LoadedContentTest {
  private static final int SIZE = 1024;
  private static final long ROOM = 1L << 30;
  private static final FileTime FIXED = FileTime.fromMillis(315532800000L);

  @TempDir private Path root;
  @TempDir private Path cache;

  private Path models = Path.of("");
  private InferenceEngine engine;

  LoadedContentTest(@TempDir Path anywhere) {
    engine = InferenceEngine.create(EngineOptions.defaults(anywhere), EngineMetrics.NONE);
  }

  private void start(long maxGraphCache) throws IOException {
    models = Files.createDirectories(root.resolve("models"));
    engine.close();
    EngineOptions usual = EngineOptions.defaults(models);
    engine =
        InferenceEngine.create(
            usual
                .with(new EngineOptions.Processors(2, false))
                .with(new VersionLimits(64, usual.limits().maxQueueDelay(), 64, Duration.ZERO))
                .with(new KeptFiles(cache, maxGraphCache, null, cache.resolve("own"))),
            EngineMetrics.NONE);
    engine.start().join();
  }

  @AfterEach
  void leavesNothingBehind() throws IOException {
    engine.close();
    assertThat(copies()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(longs = {0, ROOM})
  void load_servesTheNewWeights_whenSizeAndTimeAreTheSame(long maxGraphCache) throws IOException {
    Path file = write("m", 1);
    start(maxGraphCache);
    assertThat(answer("m")).isEqualTo(SIZE);
    ContentDigest before = engine.metadata("m", null).content();
    overwrite(file, 2);
    assertThat(answer("m")).isEqualTo(SIZE);
    engine.load("m").join();
    assertThat(answer("m")).isEqualTo(2 * SIZE);
    assertThat(engine.metadata("m", null).content()).isNotEqualTo(before);
    overwrite(file, 3);
    start(maxGraphCache);
    assertThat(answer("m")).isEqualTo(3 * SIZE);
    overwrite(file, 1);
    engine.load("m").join();
    assertThat(engine.metadata("m", null).content()).isEqualTo(before);
  }

  @ParameterizedTest
  @ValueSource(longs = {0, ROOM})
  void run_goesOn_whenExternalDataAreOverwrittenAndCutOff(long maxGraphCache) throws IOException {
    Path version = Files.createDirectories(root.resolve("models/m/1"));
    Files.createDirectory(version.resolve("data"));
    TinyModel.matrixIn("data/weights.bin", 0, SIZE).writeTo(version);
    Path weights = version.resolve("data/weights.bin");
    Files.write(weights, TinyModel.weights(SIZE, 1));
    start(maxGraphCache);
    assertThat(answer("m")).isEqualTo(SIZE);

    try (RandomAccessFile file = new RandomAccessFile(weights.toFile(), "rw")) {
      file.write(TinyModel.weights(SIZE, 2));
    }
    assertThat(answer("m")).isEqualTo(SIZE);
    try (RandomAccessFile file = new RandomAccessFile(weights.toFile(), "rw")) {
      file.setLength(4096);
    }
    assertThat(answer("m")).isEqualTo(SIZE);
    assertThatThrownBy(() -> engine.load("m").join())
        .cause()
        .isInstanceOf(InferenceException.class)
        .hasMessageContaining("expected: within its 4096 bytes");
    assertThat(answer("m")).isEqualTo(SIZE);
    Files.write(weights, TinyModel.weights(SIZE, 2));
    assertThat(answer("m")).isEqualTo(SIZE);
    engine.load("m").join();
    assertThat(answer("m")).isEqualTo(2 * SIZE);
  }

  @Test
  void run_goesOn_whenTheModelFileIsCutOff() throws IOException {
    Path file = write("m", 1);
    start(0);
    Files.write(file, new byte[0]);
    assertThat(answer("m")).isEqualTo(SIZE);
    Files.delete(file);
    assertThat(answer("m")).isEqualTo(SIZE);
  }

  @Test
  void load_sharesOneCopy_whereNoGraphIsKept() throws IOException {
    write("m", 1);
    Path same = root.resolve("models/same/1");
    Files.createDirectories(same);
    TinyModel.matrix(SIZE, 1).writeTo(same);
    start(0);
    assertThat(engine.metadata("m", null).instances()).isEqualTo(2);
    assertThat(copies()).hasSize(1);
    engine.unload("m").join();
    assertThat(copies()).hasSize(1);
    assertThat(answer("same")).isEqualTo(SIZE);
    engine.unload("same").join();
    assertThat(copies()).isEmpty();
  }

  @Test
  void load_keepsNoCopy_whereTheGraphIsKept() throws IOException {
    write("m", 1);
    start(ROOM);
    assertThat(answer("m")).isEqualTo(SIZE);
    assertThat(copies()).isEmpty();
  }

  @Test
  void copy_isRefused_whenTheFilesHaveChangedSinceTheyWereLookedAt() throws IOException {
    Path file = write("m", 1);
    start(0);
    ModelFolder folder = new FolderModelRepository(models).find("m").orElseThrow();
    ContentDigest content = folder.contentOf(folder.version(1).orElseThrow());
    overwrite(file, 2);
    CopiedModel stale = new CopiedModel(file, content, root.resolve("copies"));
    assertThatThrownBy(stale::copy)
        .isInstanceOf(InferenceException.class)
        .hasMessage(
            "model.onnx has changed since it was looked at (expected the same until it is loaded)");
    overwrite(file, 1);
    try (var copy = stale.copy()) {
      assertThat(copy.modelFile()).hasSameBinaryContentAs(file);
    }
  }

  @Test
  void load_isRefused_whenTheFilesAreWrittenToMeanwhile() throws IOException {
    Path file = write("m", 1);
    start(0);
    Path tokenizer = Files.writeString(file.resolveSibling("tokenizer.json"), "before");
    ModelFolder folder = new FolderModelRepository(models).find("m").orElseThrow();
    BufferPool pool = BufferPool.ofDefaults();
    OnnxRuntime runtime = new OnnxRuntime(pool);
    SessionVersionLoader sessions =
        new SessionVersionLoader(
            runtime,
            new InstancePlan(1, ExecutionProviders.CPU, null),
            VersionLimits.of(64, 64),
            new InstanceGroup.Environment(pool, Ticker.system(), EngineMetrics.NONE),
            root.resolve("copies"),
            new RowProofs(ModelNotes.inMemory(), runtime, pool, true));
    List<LoadedVersion> loaded = new ArrayList<>();
    VersionLoader disturbed =
        new ContentVersionLoader(
            (found, version, progress) -> {
              loaded.add(sessions.load(found, version, progress));
              try {
                Files.writeString(tokenizer, "after!");
              } catch (IOException failure) {
                throw new UncheckedIOException(failure);
              }
              return loaded.getLast();
            });
    ModelFolder.Version version = folder.version(1).orElseThrow();
    assertThatThrownBy(() -> disturbed.load(folder, version, step -> {}))
        .isInstanceOf(InferenceException.class)
        .hasMessageContaining("its files were written to while it was loaded");
    assertThat(loaded.getFirst().group().infer(request("m", pool))).isNull();
    LoadedVersion undisturbed = disturbed.load(folder, version, step -> {});
    assertThat(disturbed.isSame(undisturbed, folder, version)).isTrue();
    Files.writeString(tokenizer, "again!");
    assertThat(disturbed.isSame(undisturbed, folder, version)).isFalse();
    drain(undisturbed);
  }

  /** A process that was killed leaves its copy; the next that copies anything takes it away. */
  @Test
  void copy_sweepsWhatDeadProcessesLeft_andNothingThatIsHeld() throws Exception {
    Path file = write("m", 1);
    start(0);
    Path folder = root.resolve("copies");
    Process holder =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                Holder.class.getName(),
                models.toString(),
                folder.toString())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    Path held = Path.of(holder.inputReader().readLine());
    assertThat(held).hasSameBinaryContentAs(file);
    overwrite(file, 2);
    ModelFolder now = new FolderModelRepository(models).find("m").orElseThrow();
    CopiedModel other = new CopiedModel(file, now.contentOf(now.version(1).orElseThrow()), folder);
    other.copy().close();
    assertThat(held).exists();
    holder.destroyForcibly().waitFor();
    other.copy().close();
    assertThat(held).doesNotExist();
    try (Stream<Path> entries = Files.list(folder)) {
      assertThat(entries.filter(Files::isDirectory)).isEmpty();
    }
  }

  /** Takes a copy, says where, and waits for its end. */
  static final class Holder {
    private Holder() {}

    public static void main(String[] arguments) throws IOException {
      ModelFolder folder = new FolderModelRepository(Path.of(arguments[0])).find("m").orElseThrow();
      ModelFolder.Version version = folder.version(1).orElseThrow();
      CopiedModel model = CopiedModel.of(version, folder.contentOf(version), Path.of(arguments[1]));
      System.out.println(model.copy().modelFile());
      // Until it is ended, or whoever started it is.
      int _ = System.in.read();
    }
  }

  private Path write(String model, float value) throws IOException {
    Path version = Files.createDirectories(root.resolve("models").resolve(model).resolve("1"));
    Path file = TinyModel.matrix(SIZE, value).writeTo(version);
    Files.setLastModifiedTime(file, FIXED);
    return file;
  }

  /** In place: the same file, of the same size and time. */
  private void overwrite(Path file, float value) throws IOException {
    byte[] bytes =
        Files.readAllBytes(
            TinyModel.matrix(SIZE, value).writeTo(Files.createDirectories(root.resolve("made"))));
    assertThat(Files.size(file)).isEqualTo(bytes.length);
    try (RandomAccessFile target = new RandomAccessFile(file.toFile(), "rw")) {
      target.write(bytes);
    }
    Files.setLastModifiedTime(file, FIXED);
  }

  private List<Path> copies() throws IOException {
    Path folder = cache.resolve("own");
    if (!Files.exists(folder)) {
      return List.of();
    }
    try (Stream<Path> entries = Files.list(folder)) {
      return entries.filter(Files::isDirectory).toList();
    }
  }

  private static void drain(LoadedVersion version) {
    try {
      version.group().drain(Duration.ofSeconds(10));
    } catch (InterruptedException interrupted) {
      throw new AssertionError(interrupted);
    }
  }

  private static InferenceRequest request(String model, BufferPool pool) {
    float[] ones = new float[SIZE];
    Arrays.fill(ones, 1);
    Tensor x = Tensor.ofFloats(pool, Shape.of(1, SIZE), ones);
    return InferenceRequest.of(model, new NamedTensor("x", x));
  }

  /** The last element of a row of ones, multiplied. */
  private float answer(String model) {
    try (InferenceResponse response = engine.infer(request(model, engine.bufferPool())).join()) {
      ByteBuffer y = response.outputs().getFirst().tensor().data();
      return y.getFloat(y.position() + (SIZE - 1) * Float.BYTES);
    }
  }
}
