package io.onnxfleet.engine.catalog;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.instance.InstanceGroup;
import io.onnxfleet.engine.loading.ModelLoading;
import io.onnxfleet.engine.loading.open.LoadedVersion;
import io.onnxfleet.engine.loading.threads.InstancePlan;
import io.onnxfleet.engine.metrics.EngineMetrics;
import io.onnxfleet.engine.notes.Evidence;
import io.onnxfleet.engine.notes.ModelNotes;
import io.onnxfleet.engine.notes.UnmergeableModels;
import io.onnxfleet.engine.repository.FolderModelRepository;
import io.onnxfleet.engine.repository.config.VersionLimits;
import io.onnxfleet.engine.request.InferenceRequest;
import io.onnxfleet.engine.request.InferenceResponse;
import io.onnxfleet.engine.request.Ticker;
import io.onnxfleet.engine.runtime.ExecutionProviders;
import io.onnxfleet.engine.runtime.OnnxRuntime;
import io.onnxfleet.engine.tensor.BufferPool;
import io.onnxfleet.engine.tensor.DataType;
import io.onnxfleet.engine.tensor.NamedTensor;
import io.onnxfleet.engine.tensor.Shape;
import io.onnxfleet.engine.tensor.Tensor;
import io.onnxfleet.testing.model.TinyModel;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A repository that changes under real sessions; each model multiplies by its weight. */
class RepositoryWatchTest {
  private static final Duration SETTLE = Duration.ofSeconds(1);

  @TempDir private Path root;

  private final AtomicLong nanos = new AtomicLong();
  private final BufferPool pool = BufferPool.ofDefaults();
  private ModelCatalog catalog = catalog(Path.of("unused"));
  private RepositoryWatch watch = watch(Path.of("unused"));

  @BeforeEach
  void startsWithOneModel() {
    catalog.close();
    catalog = catalog(root);
    watch = watch(root);
    put("m", 1, 2);
    catalog.loadAll().join();
    watch.look();
    assertThat(answer("m")).isEqualTo(2);
  }

  @AfterEach
  void nothingLeaks() {
    catalog.close();
    assertThat(pool.usage().buffersInUse()).isZero();
  }

  private ModelCatalog catalog(Path folder) {
    ModelLoading loading =
        ModelLoading.create(
            new OnnxRuntime(pool),
            new InstancePlan(2, ExecutionProviders.CPU, null),
            new ModelLoading.Limits(VersionLimits.of(64, 64), Long.MAX_VALUE, false),
            ModelLoading.Trial.NONE,
            Evidence.none(),
            new InstanceGroup.Environment(pool, Ticker.system(), EngineMetrics.NONE),
            new UnmergeableModels(ModelNotes.inMemory()));
    return ModelCatalog.create(
        new FolderModelRepository(folder),
        loading,
        EngineMetrics.NONE,
        Duration.ofSeconds(30),
        2,
        Ticker.system());
  }

  private RepositoryWatch watch(Path folder) {
    return new RepositoryWatch(new FolderModelRepository(folder), catalog, nanos::get, SETTLE);
  }

  @Test
  void look_followsAChangedFile_onceItHasSettled() {
    put("m", 1, 3);
    look(Duration.ZERO);
    assertThat(answer("m")).isEqualTo(2);
    put("m", 1, 4);
    look(SETTLE);
    look(SETTLE.minusNanos(1));
    assertThat(answer("m")).isEqualTo(2);
    look(Duration.ofNanos(1));
    assertThat(answer("m")).isEqualTo(4);
  }

  @Test
  void look_leavesWhatServes_whenAFileIsHalfWritten() throws IOException {
    LoadedVersion before = catalog.require("m", null);
    Path file = root.resolve("m/1/model.onnx");
    byte[] whole = Files.readAllBytes(file);
    Files.write(file, Arrays.copyOf(whole, whole.length / 2));
    lookUntilFollowed();

    assertThat(catalog.require("m", null)).isSameAs(before);
    assertThat(reason("m")).startsWith("not reloaded: ");
    put("m", 1, 5);
    lookUntilFollowed();
    assertThat(answer("m")).isEqualTo(5);
    assertThat(reason("m")).isEmpty();
  }

  @Test
  void look_follows_whenAFileIsReplacedInPlaceUnderTheSameSizeAndTime() throws IOException {
    Path file = root.resolve("m/1/model.onnx");
    FileTime time = FileTime.fromMillis(315532800000L);
    Files.setLastModifiedTime(file, time);
    lookUntilFollowed();
    byte[] other =
        Files.readAllBytes(
            TinyModel.times(8).writeTo(Files.createDirectories(root.resolve(".other"))));
    assertThat(Files.size(file)).isEqualTo(other.length);
    try (RandomAccessFile target = new RandomAccessFile(file.toFile(), "rw")) {
      target.write(other);
    }
    Files.setLastModifiedTime(file, time);
    lookUntilFollowed();
    assertThat(answer("m")).isEqualTo(8);
  }

  @Test
  void look_leavesWhatServes_whenTheSameBytesArePutThereAgain() {
    LoadedVersion before = catalog.require("m", null);
    put("m", 1, 2);
    lookUntilFollowed();
    assertThat(catalog.require("m", null)).isSameAs(before);
    assertThat(reason("m")).isEmpty();
    put("m", 1, 3);
    lookUntilFollowed();
    assertThat(answer("m")).isEqualTo(3);
  }

  @Test
  void look_leavesTheOldVersion_whenTheNewOneDoesNotLoad() throws IOException {
    Files.createDirectories(root.resolve("m/2"));
    Files.writeString(root.resolve("m/2/model.onnx"), "no model");
    lookUntilFollowed();

    assertThat(answer("m")).isEqualTo(2);
    assertThat(catalog.index())
        .extracting(ModelIndexEntry::state)
        .containsExactly(ModelState.READY, ModelState.UNAVAILABLE);
    put("m", 2, 7);
    lookUntilFollowed();
    assertThat(answer("m")).isEqualTo(7);
    assertThat(catalog.readyVersions("m")).hasSize(1);
  }

  @Test
  void look_leavesWhatServes_whenTheConfigurationIsWrong() throws IOException {
    Files.writeString(root.resolve("m/config.pbtxt"), "max_batch_sise: 4");
    lookUntilFollowed();
    assertThat(answer("m")).isEqualTo(2);
    assertThat(reason("m")).contains("not reloaded", "max_batch_sise");
  }

  @Test
  void look_loadsNewModels_andForgetsThoseThatAreGone() throws IOException {
    put("n", 1, 6);
    lookUntilFollowed();
    assertThat(answer("n")).isEqualTo(6);
    Files.move(root.resolve("n"), root.resolve(".n"));
    lookUntilFollowed();
    assertThatThrownBy(() -> catalog.require("n", null))
        .isInstanceOf(InferenceException.class)
        .hasMessageContaining("unknown");
    assertThat(answer("m")).isEqualTo(2);
  }

  @Test
  void look_changesNothing_whenTheRepositoryIsUnreadable() throws IOException {
    Path away = root.resolveSibling(root.getFileName() + "-away");
    Files.move(root, away);
    look(Duration.ZERO);
    look(SETTLE);
    assertThat(answer("m")).isEqualTo(2);
    Files.move(away, root);
    look(SETTLE);
    assertThat(answer("m")).isEqualTo(2);
  }

  @Test
  void look_leavesTheOtherVersions_whenOneIsAdded() throws IOException {
    Files.writeString(root.resolve("m/config.pbtxt"), "version_policy { all { } }");
    lookUntilFollowed();
    LoadedVersion first = catalog.require("m", 1L);
    put("m", 2, 9);
    lookUntilFollowed();
    assertThat(catalog.require("m", 1L).group()).isSameAs(first.group());
    assertThat(answer("m")).isEqualTo(9);
  }

  @Test
  void look_changesOnlyTheInstances_whenNothingElseHasChanged() throws IOException {
    configure("count: 1");
    lookUntilFollowed();
    LoadedVersion before = catalog.require("m", null);
    try (Callers callers = new Callers(2)) {
      for (int count : new int[] {3, 1, 2}) {
        configure("count: " + count);
        callers.awaitMore();
        lookUntilFollowed();
        LoadedVersion after = catalog.require("m", null);
        assertThat(after.group()).isSameAs(before.group());
        assertThat(after.group().instances()).isEqualTo(count);
        assertThat(after.config().instanceGroups().getFirst().count()).isEqualTo(count);
        callers.awaitMore();
      }
    }
    assertThat(before.group().statistics().success().count()).isPositive();
  }

  @Test
  void look_failsNoRequest_whenVersionsFollowEachOther() {
    try (Callers callers = new Callers(3)) {
      for (int version = 2; version <= 8; version++) {
        put("m", version, version);
        callers.awaitMore();
        lookUntilFollowed();
        assertThat(answer("m")).isEqualTo(version);
      }
    }
    assertThat(catalog.readyVersions("m")).hasSize(1);
  }

  // ---------------------------------------------------------------- the repository

  private void put(String model, int version, float weight) {
    try {
      Path incoming = Files.createDirectories(root.resolve(".incoming"));
      Path written = TinyModel.times(weight).writeTo(incoming);
      Path folder = Files.createDirectories(root.resolve(model).resolve("" + version));
      Files.move(written, folder.resolve("model.onnx"), StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException failure) {
      throw new AssertionError(failure);
    }
  }

  private void configure(String group) throws IOException {
    Files.writeString(root.resolve("m/config.pbtxt"), "instance_group [ { %s } ]".formatted(group));
  }

  private void look(Duration later) {
    nanos.addAndGet(later.toNanos());
    watch.look();
    while (!watch.isQuiet()) {
      Thread.onSpinWait();
    }
  }

  private void lookUntilFollowed() {
    look(Duration.ZERO);
    look(SETTLE);
  }

  private String reason(String model) {
    return catalog.index().stream()
        .filter(entry -> entry.name().equals(model))
        .findFirst()
        .orElseThrow()
        .reason();
  }

  // ---------------------------------------------------------------- callers

  private float answer(String model) {
    while (true) {
      Tensor x = Tensor.allocate(pool, DataType.FP32, Shape.of(1, 3));
      x.data().putFloat(0, 1).putFloat(4, 1).putFloat(8, 1);
      @Nullable CompletableFuture<InferenceResponse> answer =
          catalog
              .require(model, null)
              .group()
              .infer(InferenceRequest.of(model, new NamedTensor("x", x)));
      if (answer != null) {
        try (InferenceResponse response = answer.join()) {
          return response.output("y").data().getFloat(0);
        }
      }
      x.close();
    }
  }

  /** Threads that ask without a pause; closing fails if one request has failed. */
  private final class Callers implements AutoCloseable {
    private final AtomicBoolean done = new AtomicBoolean();
    private final AtomicInteger answers = new AtomicInteger();
    private final List<CompletableFuture<Void>> threads;

    Callers(int count) {
      threads =
          IntStream.range(0, count)
              .mapToObj(
                  caller ->
                      CompletableFuture.runAsync(
                          () -> {
                            while (!done.get()) {
                              float _ = answer("m");
                              answers.incrementAndGet();
                            }
                          },
                          task -> Thread.ofPlatform().daemon().start(task)))
              .toList();
    }

    void awaitMore() {
      int goal = answers.get() + 20;
      while (answers.get() < goal && threads.stream().noneMatch(CompletableFuture::isDone)) {
        Thread.onSpinWait();
      }
    }

    @Override
    public void close() {
      done.set(true);
      threads.forEach(CompletableFuture::join);
    }
  }
}
