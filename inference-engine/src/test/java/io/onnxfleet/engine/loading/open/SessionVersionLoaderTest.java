package io.onnxfleet.engine.loading.open;

import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.engine.instance.InstanceGroup;
import io.onnxfleet.engine.loading.rows.RowProofs;
import io.onnxfleet.engine.loading.threads.InstancePlan;
import io.onnxfleet.engine.metrics.EngineMetrics;
import io.onnxfleet.engine.notes.ModelNotes;
import io.onnxfleet.engine.repository.ModelFolder;
import io.onnxfleet.engine.repository.ModelFolder.Version;
import io.onnxfleet.engine.repository.config.VersionLimits;
import io.onnxfleet.engine.request.InferenceRequest;
import io.onnxfleet.engine.request.InferenceResponse;
import io.onnxfleet.engine.runtime.ExecutionProvider;
import io.onnxfleet.engine.runtime.ExecutionProviders;
import io.onnxfleet.engine.runtime.FakeModelSession;
import io.onnxfleet.engine.runtime.ModelSession;
import io.onnxfleet.engine.runtime.ModelSessionFactory;
import io.onnxfleet.engine.runtime.ModelSignature;
import io.onnxfleet.engine.runtime.SessionOptions;
import io.onnxfleet.engine.tensor.BufferPool;
import io.onnxfleet.engine.tensor.NamedTensor;
import io.onnxfleet.engine.tensor.Shape;
import io.onnxfleet.engine.tensor.Tensor;
import io.onnxfleet.testing.model.TinyModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two CPUs, on which one instance of two threads is faster than two of one. */
class SessionVersionLoaderTest {
  private static final long SLOW = TimeUnit.MILLISECONDS.toNanos(10);
  private static final long FAST = TimeUnit.MILLISECONDS.toNanos(2);
  private static final long SERVED = TimeUnit.SECONDS.toNanos(1);

  private final BufferPool pool = BufferPool.ofDefaults();
  private final AtomicLong now = new AtomicLong();
  private final List<SessionOptions> opened = new CopyOnWriteArrayList<>();
  private final List<LoadedVersion> loaded = new ArrayList<>();
  private final Path root;
  private final SessionVersionLoader loader;
  private volatile boolean serves;

  SessionVersionLoaderTest(@TempDir Path root) {
    this.root = root;
    loader = loader(root.resolve("cache"));
  }

  @AfterEach
  void closesAll() throws InterruptedException {
    for (LoadedVersion version : loaded) {
      version.group().drain(Duration.ofSeconds(10));
    }
    assertThat(pool.usage().buffersInUse()).isZero();
  }

  private SessionVersionLoader loader(Path cache) {
    InstancePlan plan = new InstancePlan(2, ExecutionProviders.CPU, ModelNotes.open(cache));
    ModelSessionFactory sessions = (file, options) -> new TimedFake(options);
    return new SessionVersionLoader(
        sessions,
        plan,
        VersionLimits.of(64, 64),
        new InstanceGroup.Environment(pool, now::get, EngineMetrics.NONE),
        root.resolve("copies"),
        new RowProofs(ModelNotes.inMemory(), sessions, pool, true));
  }

  @Test
  void load_triesSplits_whenNothingIsServed() throws IOException {
    assertThat(load("a", 1)).containsExactly(2);
    assertThat(opened).hasSizeGreaterThan(3).contains(options(2).spinning());
  }

  @Test
  void load_takesTheSplitOfTheVersionBeside_whileRequestsAreServed() throws IOException {
    load("a", 1);
    serve();
    opened.clear();
    assertThat(load("a", 2)).containsExactly(2);
    assertThat(opened).containsExactly(options(1), options(2));
  }

  @Test
  void load_takesWhatIsPlanned_whileRequestsAreServed() throws IOException {
    load("a", 1);
    serve();
    opened.clear();
    assertThat(load("b", 1)).containsExactly(1, 1);
    assertThat(opened).containsExactly(options(1), options(1));
  }

  @Test
  void load_takesWhatWasChosenBefore_whileRequestsAreServed() throws IOException {
    load("a", 1);
    load("b", 1);
    serve();
    opened.clear();
    assertThat(load("b", 1)).containsExactly(2);
    assertThat(opened).containsExactly(options(1), options(2));
  }

  /** The threads of each instance. */
  private List<Integer> load(String model, long number) throws IOException {
    Path folder = root.resolve(model);
    Path version = Files.createDirectories(folder.resolve(Long.toString(number)));
    TinyModel.times((float) number + model.charAt(0)).writeTo(version);
    Version wanted = new Version(number, version.resolve("model.onnx"), null);
    int before = opened.size();
    LoadedVersion made =
        loader.load(
            new ModelFolder(model, folder, null, List.of(wanted), null), wanted, step -> {});
    loaded.add(made);
    int instances = made.group().instances();
    assertThat(opened.size() - before).isGreaterThanOrEqualTo(instances);
    return opened.subList(opened.size() - instances, opened.size()).stream()
        .map(SessionOptions::intraOpThreads)
        .toList();
  }

  /** A request that takes long enough to be noticed. */
  private void serve() {
    serves = true;
    Tensor x = Tensor.ofFloats(pool, Shape.of(1, 3), new float[] {1, 1, 1});
    InferenceRequest request = InferenceRequest.of("a", new NamedTensor("x", x));
    try (InferenceResponse _ =
        Objects.requireNonNull(loaded.getFirst().group().infer(request)).join()) {
      serves = false;
    }
  }

  private static SessionOptions options(int threads) {
    return new SessionOptions(
        List.of(ExecutionProvider.CPU),
        null,
        Map.of(ExecutionProvider.CUDA, Map.of()),
        threads,
        0,
        Map.of());
  }

  /** Runs as fast as its threads allow, by the test's clock. */
  private final class TimedFake implements ModelSession {
    private final FakeModelSession session = new FakeModelSession(pool);
    private final SessionOptions options;

    TimedFake(SessionOptions options) {
      this.options = options;
      opened.add(options);
    }

    @Override
    public ModelSignature signature() {
      return session.signature();
    }

    @Override
    public ExecutionProvider executionProvider() {
      return session.executionProvider();
    }

    @Override
    public List<Tensor> run(List<NamedTensor> inputs, List<String> outputs) {
      now.addAndGet(serves ? SERVED : options.intraOpThreads() == 1 ? SLOW : FAST);
      return session.run(inputs, outputs);
    }

    @Override
    public void terminate() {
      session.terminate();
    }

    @Override
    public void close() {
      session.close();
    }
  }
}
