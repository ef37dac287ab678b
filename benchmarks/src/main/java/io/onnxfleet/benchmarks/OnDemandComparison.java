package io.onnxfleet.benchmarks;

import io.onnxfleet.benchmarks.models.TinyModel;
import io.onnxfleet.engine.EngineOptions;
import io.onnxfleet.engine.InferenceEngine;
import io.onnxfleet.engine.catalog.ControlMode;
import io.onnxfleet.engine.catalog.OnDemandOptions;
import io.onnxfleet.engine.catalog.RepositoryControl;
import io.onnxfleet.engine.file.Folders;
import io.onnxfleet.engine.loading.open.KeptFiles;
import io.onnxfleet.engine.metrics.EngineMetrics;
import io.onnxfleet.engine.metrics.ModelGauges;
import io.onnxfleet.engine.metrics.ModelVersionId;
import io.onnxfleet.engine.request.InferenceRequest;
import io.onnxfleet.engine.tensor.NamedTensor;
import io.onnxfleet.engine.tensor.Shape;
import io.onnxfleet.engine.tensor.Tensor;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * More models than memory has room for: small models are asked for by Zipf's law in a real engine
 * that loads on demand, and the loads are counted beside those of policies that know more.
 */
final class OnDemandComparison {
  private static final int MODELS = 200;
  private static final int ROOM = 20;
  private static final double EXPONENT = 1.1;
  private static final int REQUESTS = 20_000;
  private static final long SEED = 20261123;
  private static final int COLUMNS = 8;

  private final PrintStream out;

  OnDemandComparison(PrintStream out) {
    this.out = out;
  }

  void run() throws IOException, InterruptedException {
    int[] asked = asked();
    out.printf(
        "%d models, room for %d, Zipf(%.1f), %d requests, seed %d%n",
        MODELS, ROOM, EXPONENT, REQUESTS, SEED);
    double clairvoyant = clairvoyant(asked);
    out.printf("%-46s %8s %10s%n", "", "hits", "of bound");
    show("the future known (Belady): the bound", clairvoyant, clairvoyant);
    show("the popularities known (best without the future)", popular(asked), clairvoyant);
    show("least recently used", leastRecentlyUsed(asked), clairvoyant);
    show("the engine, 1 caller", engine(asked, 1), clairvoyant);
    show("the engine, 8 callers", engine(asked, 8), clairvoyant);
    show("the engine, 64 callers", engine(asked, 64), clairvoyant);
  }

  private void show(String what, double hits, double bound) {
    out.printf("%-46s %8.4f %9.1f%%%n", what, hits, 100 * hits / bound);
  }

  private static int[] asked() {
    double[] cumulated = new double[MODELS];
    double sum = 0;
    for (int model = 0; model < MODELS; model++) {
      sum += Math.pow(model + 1, -EXPONENT);
      cumulated[model] = sum;
    }
    SplittableRandom random = new SplittableRandom(SEED);
    int[] asked = new int[REQUESTS];
    for (int request = 0; request < REQUESTS; request++) {
      double drawn = random.nextDouble() * sum;
      int model = 0;
      while (cumulated[model] < drawn) {
        model++;
      }
      asked[request] = model;
    }
    return asked;
  }

  // ---------------------------------------------------------------- policies

  /** Drops what is asked for latest again; every model asked for is loaded. */
  private static double clairvoyant(int[] asked) {
    int[] next = new int[asked.length];
    Map<Integer, Integer> later = new HashMap<>();
    for (int request = asked.length - 1; request >= 0; request--) {
      next[request] = later.getOrDefault(asked[request], Integer.MAX_VALUE);
      later.put(asked[request], request);
    }
    Map<Integer, Integer> loaded = new HashMap<>();
    int hits = 0;
    for (int request = 0; request < asked.length; request++) {
      if (loaded.containsKey(asked[request])) {
        hits++;
      } else if (loaded.size() == ROOM) {
        loaded.remove(latest(loaded));
      }
      loaded.put(asked[request], next[request]);
    }
    return (double) hits / asked.length;
  }

  private static int latest(Map<Integer, Integer> values) {
    return values.entrySet().stream().max(Map.Entry.comparingByValue()).orElseThrow().getKey();
  }

  private static double popular(int[] asked) {
    return hits(asked, (model, request) -> -model);
  }

  private static double leastRecentlyUsed(int[] asked) {
    return hits(asked, (model, request) -> request);
  }

  /** What a model is worth when it is asked for. */
  @FunctionalInterface
  private interface Worth {
    int of(int model, int request);
  }

  private static double hits(int[] asked, Worth worth) {
    Map<Integer, Integer> loaded = new HashMap<>();
    int hits = 0;
    for (int request = 0; request < asked.length; request++) {
      if (loaded.containsKey(asked[request])) {
        hits++;
      } else if (loaded.size() == ROOM) {
        loaded.remove(
            loaded.entrySet().stream().min(Map.Entry.comparingByValue()).orElseThrow().getKey());
      }
      loaded.put(asked[request], worth.of(asked[request], request));
    }
    return (double) hits / asked.length;
  }

  // ---------------------------------------------------------------- the engine

  /** The share of requests that found their model, or one that was being loaded for another. */
  private double engine(int[] asked, int callers) throws IOException, InterruptedException {
    Path folder = Files.createTempDirectory("on-demand");
    try {
      long byteSize = TinyModel.bytes().length;
      for (int model = 0; model < MODELS; model++) {
        Path version = Files.createDirectories(folder.resolve(name(model)).resolve("1"));
        Files.write(version.resolve("model.onnx"), TinyModel.bytes());
      }
      Loads loads = new Loads();
      long begin = System.nanoTime();
      try (InferenceEngine engine = InferenceEngine.create(options(folder, byteSize), loads)) {
        engine.start().join();
        ask(engine, asked, callers);
      }
      out.printf(
          "  %d loads, at most %d models at once, %.1f s%n",
          loads.loaded.get(), loads.most.get(), (System.nanoTime() - begin) / 1e9);
      return 1 - (double) loads.loaded.get() / asked.length;
    } finally {
      Folders.delete(folder);
    }
  }

  private static EngineOptions options(Path folder, long byteSize) {
    EngineOptions usual = EngineOptions.defaults(folder);
    return usual
        .with(
            new RepositoryControl(
                ControlMode.NONE,
                List.of(),
                Duration.ofSeconds(1),
                Duration.ofSeconds(1),
                2,
                new OnDemandOptions(true, Duration.ofSeconds(30), 256)))
        .with(new EngineOptions.Processors(1, false))
        .with(usual.memory().withWeights(ROOM * byteSize))
        .with(KeptFiles.NO_GRAPHS);
  }

  private static void ask(InferenceEngine engine, int[] asked, int callers)
      throws InterruptedException {
    AtomicInteger next = new AtomicInteger();
    List<Callable<Void>> all = new ArrayList<>();
    for (int caller = 0; caller < callers; caller++) {
      all.add(
          () -> {
            for (int at = next.getAndIncrement(); at < asked.length; at = next.getAndIncrement()) {
              Tensor x =
                  Tensor.ofFloats(engine.bufferPool(), Shape.of(1, COLUMNS), new float[COLUMNS]);
              engine
                  .infer(InferenceRequest.of(name(asked[at]), new NamedTensor("x", x)))
                  .join()
                  .close();
            }
            return null;
          });
    }
    try (ExecutorService threads = Executors.newFixedThreadPool(callers)) {
      for (var done : threads.invokeAll(all)) {
        try {
          done.get();
        } catch (ExecutionException failure) {
          throw new IllegalStateException(failure.getCause());
        }
      }
    }
  }

  private static String name(int model) {
    return "model-" + model;
  }

  /** Counts loads, and how many models were there at once. */
  private static final class Loads implements EngineMetrics {
    private final AtomicInteger loaded = new AtomicInteger();
    private final AtomicInteger most = new AtomicInteger();
    private final Set<String> ready = new HashSet<>();

    @Override
    public synchronized void versionReady(
        ModelVersionId id, String executionProvider, ModelGauges gauges) {
      loaded.incrementAndGet();
      ready.add(id.model());
      most.accumulateAndGet(ready.size(), Math::max);
    }

    @Override
    public synchronized void versionUnloaded(ModelVersionId id) {
      ready.remove(id.model());
    }
  }
}
