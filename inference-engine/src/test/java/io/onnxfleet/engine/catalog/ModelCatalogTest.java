package io.onnxfleet.engine.catalog;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.onnxfleet.engine.batching.BatchSchedulerOptions;
import io.onnxfleet.engine.batching.TritonBatchingPolicy;
import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.instance.InstanceGroup;
import io.onnxfleet.engine.instance.ModelInterface;
import io.onnxfleet.engine.instance.ModelInterface.Port;
import io.onnxfleet.engine.instance.Scheduling;
import io.onnxfleet.engine.loading.BudgetedVersionLoader;
import io.onnxfleet.engine.loading.open.LoadedVersion;
import io.onnxfleet.engine.loading.open.VersionLoader;
import io.onnxfleet.engine.metrics.EngineMetrics;
import io.onnxfleet.engine.metrics.ModelGauges;
import io.onnxfleet.engine.metrics.ModelVersionId;
import io.onnxfleet.engine.repository.ContentDigest;
import io.onnxfleet.engine.repository.ModelFolder;
import io.onnxfleet.engine.repository.ModelFolder.Version;
import io.onnxfleet.engine.repository.ModelRepository;
import io.onnxfleet.engine.repository.config.ModelConfig;
import io.onnxfleet.engine.repository.config.reading.ModelConfigDerivation;
import io.onnxfleet.engine.request.Ticker;
import io.onnxfleet.engine.runtime.ExecutionProvider;
import io.onnxfleet.engine.runtime.ModelSession;
import io.onnxfleet.engine.runtime.ModelSignature;
import io.onnxfleet.engine.runtime.NodePlacement;
import io.onnxfleet.engine.tensor.BufferPool;
import io.onnxfleet.engine.tensor.DataType;
import io.onnxfleet.engine.tensor.NamedTensor;
import io.onnxfleet.engine.tensor.Shape;
import io.onnxfleet.engine.tensor.Tensor;
import io.onnxfleet.engine.tensor.TensorSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelCatalogTest {
  private static final String RETRYABLE = "once more: ";

  private final Map<String, ModelFolder> folders = new ConcurrentSkipListMap<>();
  private final Map<String, String> failures = new ConcurrentHashMap<>();
  private final List<String> events = new CopyOnWriteArrayList<>();
  private final List<Duration> pauses = new CopyOnWriteArrayList<>();
  private final List<Runnable> later = new CopyOnWriteArrayList<>();
  private final List<ModelIndexEntry> whileLoading = new CopyOnWriteArrayList<>();
  private final List<Boolean> mayLoad = new CopyOnWriteArrayList<>();
  private final AtomicInteger openSessions = new AtomicInteger();
  private final BufferPool pool = BufferPool.ofDefaults();
  private final ModelCatalog catalog =
      new ModelCatalog(
          new ListedFolders(),
          this::load,
          new RecordedEvents(),
          Duration.ofSeconds(30),
          2,
          Ticker.system(),
          (pause, task) -> {
            pauses.add(pause);
            later.add(task);
          });

  @AfterEach
  void closesEverySession() {
    catalog.close();
    assertThat(openSessions).hasValue(0);
  }

  private void put(String model, long... versions) {
    List<Version> all = new ArrayList<>();
    for (long version : versions) {
      all.add(new Version(version, Path.of("model.onnx"), null));
    }
    folders.put(model, new ModelFolder(model, Path.of(model), null, all, null));
  }

  @Test
  void loadAll_servesWhatLoads_whenOneModelFails() {
    put("good", 1);
    put("bad", 1);
    folders.put("empty", new ModelFolder("empty", Path.of("empty"), null, List.of(), "no version"));
    failures.put("bad:1", "it is no ONNX model");
    catalog.loadAll().join();

    assertThat(catalog.index())
        .containsExactly(
            new ModelIndexEntry("bad", 1L, ModelState.UNAVAILABLE, "it is no ONNX model"),
            new ModelIndexEntry("empty", null, ModelState.UNAVAILABLE, "no version"),
            new ModelIndexEntry("good", 1L, ModelState.READY, ""));
    assertThat(catalog.require("good", null).id()).isEqualTo(new ModelVersionId("good", 1));
    assertThatThrownBy(() -> catalog.require("bad", null))
        .hasMessage("model 'bad' is not ready: it is no ONNX model");
    assertThatThrownBy(() -> catalog.require("empty", null))
        .hasMessage("model 'empty' is not ready: no version");
    // Waiting does not help, whatever version is asked for.
    assertThat(codeOf("bad", null)).isEqualTo(ErrorCode.MODEL_CANNOT_SERVE);
    assertThat(codeOf("bad", 1L)).isEqualTo(ErrorCode.MODEL_CANNOT_SERVE);
    assertThat(codeOf("empty", null)).isEqualTo(ErrorCode.MODEL_CANNOT_SERVE);
    assertThat(catalog.cannotServe("bad")).isTrue();
    assertThat(catalog.cannotServe("good")).isFalse();
    assertThat(catalog.cannotServe("absent")).isFalse();
    failures.remove("bad:1");
    catalog.load("bad").join();
    assertThat(catalog.cannotServe("bad")).isFalse();
  }

  @Test
  void load_isTriedAgainLater_whenTheFailureSaysWhen() {
    put("slow", 1);
    put("bad", 1);
    failures.put("bad:1", "it is no ONNX model");
    failures.put("slow:1", RETRYABLE + "it took too long");
    catalog.loadAll().join();
    assertThat(catalog.index().getLast())
        .isEqualTo(
            new ModelIndexEntry(
                "slow", 1L, ModelState.UNAVAILABLE, RETRYABLE + "it took too long"));
    assertThat(pauses).containsExactly(Duration.ofSeconds(15));
    assertThat(codeOf("slow", null)).isEqualTo(ErrorCode.MODEL_NOT_READY);

    later.getFirst().run();
    catalog.update("slow").exceptionally(failure -> null).join();
    assertThat(pauses).as("one try ahead, however often it is asked for").hasSize(2);
    failures.remove("slow:1");
    later.getLast().run();
    catalog.update("bad").exceptionally(failure -> null).join();
    catalog.update("slow").join();
    assertThat(catalog.require("slow", null).id()).isEqualTo(new ModelVersionId("slow", 1));
    assertThat(events).as("loaded once").containsExactly("ready slow:1");
    later.getFirst().run();
    catalog.update("slow").join();
    assertThat(events).as("what serves is left alone").containsExactly("ready slow:1");
  }

  @Test
  void require_tellsUnknownFromNotReady() {
    put("m", 1, 2);
    catalog.loadAll().join();

    assertThat(codeOf("other", null)).isEqualTo(ErrorCode.MODEL_NOT_FOUND);
    assertThat(codeOf("m", 7L)).isEqualTo(ErrorCode.MODEL_NOT_FOUND);
    assertThat(catalog.require("m", null).id().version()).isEqualTo(2);
    catalog.unload("m").join();
    assertThat(codeOf("m", null)).isEqualTo(ErrorCode.MODEL_NOT_READY);
    assertThat(codeOf("m", 2L)).isEqualTo(ErrorCode.MODEL_NOT_READY);
  }

  @Test
  void require_saysNotReady_beforeTheRepositoryWasRead() {
    assertThat(codeOf("m", null)).isEqualTo(ErrorCode.MODEL_NOT_READY);
  }

  @Test
  void load_replacesTheOldVersion_onlyWhenTheNewOneIsReady() {
    put("m", 1);
    catalog.loadAll().join();
    LoadedVersion before = catalog.require("m", null);
    catalog.load("m").join();

    assertThat(catalog.require("m", null)).isNotSameAs(before);
    assertThat(openSessions).hasValue(1);
    assertThat(events).containsExactly("ready m:1", "ready m:1");
  }

  /** Gateways send nothing to what is not told as READY. */
  @Test
  void index_saysReady_ofAVersionThatServesWhileItIsLoadedAnew() {
    put("m", 1);
    catalog.loadAll().join();
    catalog.load("m").join();

    assertThat(whileLoading)
        .containsExactly(
            new ModelIndexEntry("m", 1L, ModelState.LOADING, "loading: opening"),
            new ModelIndexEntry("m", 1L, ModelState.READY, "loading: opening"));
    assertThat(mayLoad).containsExactly(true, false);
  }

  @Test
  void load_leavesTheOldVersion_whenTheNewOneFails() {
    put("m", 1);
    catalog.loadAll().join();
    LoadedVersion before = catalog.require("m", null);
    failures.put("m:1", "half-written");

    assertThatThrownBy(() -> catalog.load("m").get())
        .isInstanceOf(ExecutionException.class)
        .hasRootCauseMessage("half-written");
    assertThat(catalog.require("m", null)).isSameAs(before);
    assertThat(catalog.index())
        .containsExactly(
            new ModelIndexEntry("m", 1L, ModelState.READY, "not reloaded: half-written"));
  }

  @Test
  void load_unloadsVersionsThatAreNoLongerServed() {
    put("m", 1);
    catalog.loadAll().join();
    put("m", 1, 2);
    catalog.load("m").join();

    assertThat(catalog.index())
        .extracting(ModelIndexEntry::state)
        .containsExactly(ModelState.UNAVAILABLE, ModelState.READY);
    assertThat(openSessions).hasValue(1);
  }

  @Test
  void load_fails_whenThereIsNoSuchModel() {
    catalog.loadAll().join();
    assertThatThrownBy(() -> catalog.load("m").get())
        .hasRootCauseMessage("Request for unknown model: 'm' is not found");
  }

  @Test
  void onChange_isTold_whenVersionsComeAndGo() throws InterruptedException {
    put("m", 1);
    CountDownLatch changes = new CountDownLatch(2);
    catalog.onChange(changes::countDown);
    catalog.onChange(
        () -> {
          throw new IllegalStateException("a listener's defect");
        });
    catalog.loadAll().join();
    catalog.unload("m").join();
    changes.await();
    assertThat(events).containsExactly("ready m:1", "unloaded m:1");
  }

  @Test
  void load_refusesWithTheFigures_whenTheWeightsDoNotFit(@TempDir Path repository)
      throws IOException {
    putFile(repository, "first", 3 << 20);
    putFile(repository, "second", 2 << 20);
    VersionLoader budgeted = new BudgetedVersionLoader(this::load, 4 << 20, folder -> 1);
    ModelCatalog bounded =
        new ModelCatalog(
            new ListedFolders(),
            budgeted,
            new RecordedEvents(),
            Duration.ofSeconds(30),
            1,
            Ticker.system());
    try {
      bounded.load("first").join();
      assertThatThrownBy(() -> bounded.load("second").get())
          .hasRootCauseMessage(
              "second:1: 2 MiB of weights (expected: <= 1 MiB, what is left of the memory budget"
                  + " of 4 MiB)");
      assertThat(bounded.require("first", null).id().model()).isEqualTo("first");
      failures.put("second:1", "it is no ONNX model");
      bounded.unload("first").join();
      assertThatThrownBy(() -> bounded.load("second").get())
          .hasRootCauseMessage("it is no ONNX model");
      failures.clear();
      bounded.load("second").join();
      assertThat(bounded.require("second", null).id().model()).isEqualTo("second");
    } finally {
      bounded.close();
    }
  }

  private void putFile(Path repository, String model, int byteSize) throws IOException {
    Path file = Files.createDirectories(repository.resolve(model).resolve("1")).resolve("model");
    Files.write(file, new byte[byteSize]);
    folders.put(
        model,
        new ModelFolder(
            model, repository.resolve(model), null, List.of(new Version(1, file, null)), null));
  }

  private ErrorCode codeOf(String model, @Nullable Long version) {
    try {
      catalog.require(model, version);
    } catch (InferenceException refused) {
      return refused.code();
    }
    throw new AssertionError(model + " is ready");
  }

  private LoadedVersion load(ModelFolder folder, Version version, Consumer<String> progress) {
    ModelVersionId id = new ModelVersionId(folder.name(), version.number());
    progress.accept("opening");
    catalog.index().stream()
        .filter(entry -> entry.name().equals(id.model()))
        .forEach(whileLoading::add);
    mayLoad.add(catalog.mayLoad(id.model(), id.version()));
    String failure = failures.get(id.toString());
    if (failure != null) {
      throw failure.startsWith(RETRYABLE)
          ? InferenceException.retryable(
              ErrorCode.MODEL_LOAD_FAILED, failure, Duration.ofSeconds(15))
          : new InferenceException(ErrorCode.MODEL_LOAD_FAILED, failure);
    }
    TensorSpec x = new TensorSpec("x", DataType.FP32, Shape.of(-1, 4));
    TensorSpec y = new TensorSpec("y", DataType.FP32, Shape.of(-1, 4));
    ModelSignature signature = new ModelSignature(List.of(x), List.of(y), Map.of());
    ModelConfig config = ModelConfigDerivation.derive(id.model(), null, signature);
    BatchSchedulerOptions options = BatchSchedulerOptions.ofMaxBatchSize(config.maxBatchSize());
    InstanceGroup group =
        new InstanceGroup(
            id,
            new ModelInterface(
                List.of(new Port(x)), List.of(new Port(y)), config.maxBatchSize(), null),
            List.of(new CountedSession(signature)),
            new Scheduling(options, new TritonBatchingPolicy(options)),
            100,
            new InstanceGroup.Environment(pool, Ticker.system(), EngineMetrics.NONE));
    return new LoadedVersion(
        id,
        folder.path(),
        config,
        signature,
        group,
        new LoadedVersion.Execution(ExecutionProvider.CPU, List.of(), NodePlacement.UNKNOWN),
        ContentDigest.ofNothing(),
        Map.of());
  }

  private final class ListedFolders implements ModelRepository {
    @Override
    public List<ModelFolder> scan() {
      return List.copyOf(folders.values());
    }

    @Override
    public Optional<ModelFolder> find(String name) {
      return Optional.ofNullable(folders.get(name));
    }
  }

  private final class RecordedEvents implements EngineMetrics {
    @Override
    public void versionReady(ModelVersionId id, String executionProvider, ModelGauges gauges) {
      events.add("ready " + id);
    }

    @Override
    public void versionUnloaded(ModelVersionId id) {
      events.add("unloaded " + id);
    }
  }

  private final class CountedSession implements ModelSession {
    private final ModelSignature signature;

    CountedSession(ModelSignature signature) {
      this.signature = signature;
      openSessions.incrementAndGet();
    }

    @Override
    public ModelSignature signature() {
      return signature;
    }

    @Override
    public ExecutionProvider executionProvider() {
      return ExecutionProvider.CPU;
    }

    @Override
    public List<Tensor> run(List<NamedTensor> inputs, List<String> outputs) {
      return List.of(inputs.getFirst().tensor().share());
    }

    @Override
    public void terminate() {}

    @Override
    public void close() {
      openSessions.decrementAndGet();
    }
  }
}
