package io.onnxfleet.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.engine.GeneratedModel.Kind;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.metrics.EngineMetrics;
import io.onnxfleet.engine.metrics.ModelStatistics;
import io.onnxfleet.engine.request.InferenceRequest;
import io.onnxfleet.engine.request.InferenceResponse;
import io.onnxfleet.engine.runtime.ModelSession;
import io.onnxfleet.engine.runtime.OnnxRuntime;
import io.onnxfleet.engine.runtime.SessionOptions;
import io.onnxfleet.engine.tensor.BufferPool;
import io.onnxfleet.engine.tensor.DataType;
import io.onnxfleet.engine.tensor.NamedTensor;
import io.onnxfleet.engine.tensor.Shape;
import io.onnxfleet.engine.tensor.Tensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * What the engine answers is what the model alone answers, whatever the model does with rows and
 * lengths, and whoever else calls. {@code -Dtest.seed} replays a run, {@code -Dproperty.requests}
 * says how many requests each kind gets; 10,000 is what a release is held to.
 */
class GeneratedModelsPropertyTest {
  private static final int CALLERS = 32;
  private static final int ROUNDS = 5;
  private static final int DISTINCT = 150;
  private static final int MODELS = 4;
  private static final int REQUESTS = Integer.getInteger("property.requests", 1500);

  /** Of the largest magnitude of an output. */
  private static final double TOLERANCE = 1e-5;

  @TempDir private Path root;

  private static long seed() {
    String property = System.getProperty("test.seed", "");
    long seed = property.isEmpty() ? System.nanoTime() : Long.parseLong(property);
    System.out.println("test.seed=" + seed);
    return seed;
  }

  /** A request, and the model's own answer to it, both on the heap. */
  private record Example(List<Kept> inputs, List<Kept> answers) {}

  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Kept(String name, DataType type, Shape shape, byte[] data) {
    static Kept of(String name, Tensor tensor) {
      byte[] data = new byte[tensor.byteSize()];
      tensor.data().get(data);
      return new Kept(name, tensor.dataType(), tensor.shape(), data);
    }

    NamedTensor restored(BufferPool pool) {
      Tensor tensor = Tensor.ofByteSize(pool, type, shape, data.length);
      tensor.data().put(data);
      return new NamedTensor(name, tensor);
    }
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void answers_areThoseOfTheModelAlone_forAnyCompany(Kind kind) throws Exception {
    long seed = seed();
    Random random = new Random(seed);
    List<GeneratedModel> models = new ArrayList<>();
    for (int index = 0; index < MODELS; index++) {
      GeneratedModel model = new GeneratedModel(kind, random);
      model.writeTo(folder("m" + index));
      models.add(model);
    }
    BufferPool pool;
    try (InferenceEngine engine = InferenceEngine.create(options(), EngineMetrics.NONE)) {
      pool = engine.bufferPool();
      engine.start().join();
      for (int index = 0; index < MODELS; index++) {
        String name = "m" + index;
        GeneratedModel model = models.get(index);
        String about = "%s of seed %d: %s".formatted(name, seed, model.description);
        List<Example> examples = examples(name, model, random, 6);
        Queue<String> wrong = new ConcurrentLinkedQueue<>();
        call(engine, name, examples, REQUESTS / MODELS, random.nextLong(), wrong);
        ModelStatistics statistics = engine.statistics(name, null).getFirst();
        System.out.printf(
            "%s: %d requests, %d rows in %d runs%n",
            about,
            statistics.success().count(),
            statistics.inferenceCount(),
            statistics.executionCount());
        assertThat(wrong).as(about).isEmpty();
      }
    }
    // Only now: until then an idle instance may compare what was merged.
    assertThat(pool.usage().buffersInUse()).isZero();
  }

  @Test
  void rowWise_isStillMerged_under32Callers() throws Exception {
    long seed = seed();
    Random random = new Random(seed);
    List<GeneratedModel> models = new ArrayList<>();
    for (int index = 0; index < MODELS; index++) {
      GeneratedModel model = new GeneratedModel(Kind.ROW_WISE, random);
      model.writeTo(folder("m" + index));
      models.add(model);
    }
    try (InferenceEngine engine = InferenceEngine.create(options(), EngineMetrics.NONE)) {
      engine.start().join();
      for (int index = 0; index < MODELS; index++) {
        String name = "m" + index;
        String about = "%s of seed %d: %s".formatted(name, seed, models.get(index).description);
        List<Example> examples = examples(name, models.get(index), random, 1);
        // Some rounds, since a busy machine may keep callers from running at the same time.
        double meanBatch = 0;
        for (int round = 0; round < ROUNDS && meanBatch < 8; round++) {
          ModelStatistics before = engine.statistics(name, null).getFirst();
          Queue<String> wrong = new ConcurrentLinkedQueue<>();
          call(engine, name, examples, REQUESTS, random.nextLong(), wrong);
          assertThat(wrong).as(about).isEmpty();
          ModelStatistics after = engine.statistics(name, null).getFirst();
          meanBatch =
              (double) (after.inferenceCount() - before.inferenceCount())
                  / (after.executionCount() - before.executionCount());
        }
        assertThat(meanBatch).as("mean batch of " + about).isGreaterThanOrEqualTo(8);
      }
    }
  }

  private Path folder(String model) {
    return root.resolve("models").resolve(model).resolve("1");
  }

  private EngineOptions options() {
    return EngineOptions.defaults(root.resolve("models")).withModelNotes(root.resolve("notes"));
  }

  /** Requests that the model takes, and its answers, run one by one on a session of its own. */
  private List<Example> examples(String name, GeneratedModel model, Random random, int mostRows) {
    BufferPool pool = BufferPool.ofDefaults();
    List<Example> examples = new ArrayList<>();
    try (ModelSession session =
        new OnnxRuntime(pool).open(folder(name).resolve("model.onnx"), SessionOptions.cpu(1))) {
      List<String> outputs =
          session.signature().outputs().stream().map(output -> output.name()).toList();
      for (int index = 0; index < DISTINCT; index++) {
        int rows = random.nextInt(20) == 0 ? 33 + random.nextInt(20) : 1 + random.nextInt(mostRows);
        List<NamedTensor> inputs = model.request(pool, random, rows);
        try {
          List<Tensor> answers = session.run(inputs, outputs);
          List<Kept> kept = new ArrayList<>();
          for (int output = 0; output < outputs.size(); output++) {
            kept.add(Kept.of(outputs.get(output), answers.get(output)));
          }
          answers.forEach(Tensor::close);
          examples.add(
              new Example(
                  inputs.stream().map(input -> Kept.of(input.name(), input.tensor())).toList(),
                  kept));
        } catch (InferenceException refused) {
          // Not a request that says anything.
        } finally {
          inputs.forEach(input -> input.tensor().close());
        }
      }
    }
    assertThat(examples).as(model.description).hasSizeGreaterThan(DISTINCT / 2);
    return examples;
  }

  private static void call(
      InferenceEngine engine,
      String name,
      List<Example> examples,
      int requests,
      long seed,
      Queue<String> wrong)
      throws InterruptedException {
    AtomicInteger left = new AtomicInteger(requests);
    AtomicLong callers = new AtomicLong();
    List<Thread> threads = new ArrayList<>();
    for (int caller = 0; caller < CALLERS; caller++) {
      threads.add(
          Thread.startVirtualThread(
              () -> {
                Random random = new Random(seed + callers.incrementAndGet());
                while (left.getAndDecrement() > 0 && wrong.size() < 5) {
                  ask(engine, name, examples.get(random.nextInt(examples.size())), wrong);
                }
              }));
    }
    for (Thread thread : threads) {
      thread.join();
    }
  }

  private static void ask(
      InferenceEngine engine, String name, Example example, Queue<String> wrong) {
    List<NamedTensor> inputs =
        example.inputs().stream().map(kept -> kept.restored(engine.bufferPool())).toList();
    try (InferenceResponse response =
        engine.infer(InferenceRequest.of(name, inputs.toArray(NamedTensor[]::new))).join()) {
      for (Kept expected : example.answers()) {
        String difference = difference(expected, response.output(expected.name()));
        if (difference != null) {
          wrong.add("%s of inputs %s: %s".formatted(expected.name(), shapes(example), difference));
        }
      }
    } catch (CompletionException failure) {
      wrong.add("inputs %s: %s".formatted(shapes(example), failure.getCause()));
    }
  }

  private static List<String> shapes(Example example) {
    return example.inputs().stream().map(input -> input.name() + input.shape()).toList();
  }

  private static @Nullable String difference(Kept expected, Tensor actual) {
    if (expected.type() != actual.dataType() || !expected.shape().equals(actual.shape())) {
      return "%s%s instead of %s%s"
          .formatted(actual.dataType(), actual.shape(), expected.type(), expected.shape());
    }
    ByteBuffer one = ByteBuffer.wrap(expected.data()).order(ByteOrder.LITTLE_ENDIAN);
    ByteBuffer other = actual.data();
    if (expected.type() != DataType.FP32) {
      return one.equals(other) ? null : "other values";
    }
    float largest = 0;
    for (int at = 0; at < one.limit(); at += Float.BYTES) {
      float magnitude = Math.abs(one.getFloat(at));
      largest = magnitude <= Float.MAX_VALUE ? Math.max(largest, magnitude) : largest;
    }
    for (int at = 0; at < one.limit(); at += Float.BYTES) {
      float wanted = one.getFloat(at);
      float given = other.getFloat(at);
      boolean same =
          Float.compare(wanted, given) == 0 || Math.abs(wanted - given) <= TOLERANCE * largest;
      if (!same) {
        return "%s instead of %s at %d (largest %s)"
            .formatted(given, wanted, at / Float.BYTES, largest);
      }
    }
    return null;
  }
}
