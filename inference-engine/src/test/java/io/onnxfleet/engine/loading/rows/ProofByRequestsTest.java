package io.onnxfleet.engine.loading.rows;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.awaitility.Awaitility.await;

import io.onnxfleet.engine.instance.InstanceGroup;
import io.onnxfleet.engine.instance.RowTerms;
import io.onnxfleet.engine.loading.open.LoadedVersion;
import io.onnxfleet.engine.loading.open.SessionVersionLoader;
import io.onnxfleet.engine.loading.threads.InstancePlan;
import io.onnxfleet.engine.metrics.EngineMetrics;
import io.onnxfleet.engine.notes.ModelNotes;
import io.onnxfleet.engine.proof.RowProof;
import io.onnxfleet.engine.repository.FolderModelRepository;
import io.onnxfleet.engine.repository.ModelFolder;
import io.onnxfleet.engine.repository.ModelFolder.Version;
import io.onnxfleet.engine.repository.config.VersionLimits;
import io.onnxfleet.engine.request.InferenceRequest;
import io.onnxfleet.engine.request.InferenceResponse;
import io.onnxfleet.engine.request.Ticker;
import io.onnxfleet.engine.runtime.ExecutionProviders;
import io.onnxfleet.engine.runtime.ModelSession;
import io.onnxfleet.engine.runtime.OnnxRuntime;
import io.onnxfleet.engine.runtime.Processor;
import io.onnxfleet.engine.runtime.SessionOptions;
import io.onnxfleet.engine.tensor.BufferPool;
import io.onnxfleet.engine.tensor.DataType;
import io.onnxfleet.engine.tensor.NamedTensor;
import io.onnxfleet.engine.tensor.Shape;
import io.onnxfleet.engine.tensor.Tensor;
import io.onnxfleet.testing.model.Attribute;
import io.onnxfleet.testing.model.OnnxGraph;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Models that take none of the sizes that are made up, on the real runtime. */
class ProofByRequestsTest {
  private static final int SIZE = 48;
  private static final int WIDTH = 3;
  private static final Duration LONGEST_PROOF = Duration.ofSeconds(30);

  private final BufferPool pool = BufferPool.ofDefaults();
  private final OnnxRuntime runtime = new OnnxRuntime(pool);
  private final ModelNotes notes = ModelNotes.inMemory();
  private final List<LoadedVersion> loaded = new ArrayList<>();
  private final Random random = new Random(20);
  @TempDir private Path root;

  @AfterEach
  void closesAll() throws InterruptedException {
    for (LoadedVersion version : loaded) {
      version.group().drain(Duration.ofSeconds(10));
    }
    assertThat(pool.usage().buffersInUse()).isZero();
  }

  @Test
  void requests_areMerged_onceTheirRowsWereAnsweredAlike() throws Exception {
    model().node("Relu", "h", "y").writeTo(root.resolve("m/1"));
    InstanceGroup group = load("").group();
    assertThat(group.rowTerms().merged()).isFalse();
    assertThat(group.rowTerms().reason())
        .startsWith("requests run as they come: the model refuses made-up inputs")
        .endsWith("; rows of requests are compared while it is idle");

    askUntilKnown(group, 1);

    assertThat(group.rowTerms()).isEqualTo(RowTerms.independent(group.rowTerms().reason()));
    assertThat(group.rowTerms().reason())
        .startsWith(
            "requests are merged up to 32 rows: rows of requests were answered alike alone and in"
                + " company (2, 3 and 5");
    awaitMerged(group);

    awaitNote();
    assertThat(load("").group().rowTerms()).isEqualTo(group.rowTerms());
  }

  @Test
  void requests_areNeverMerged_whereTheirRowsDependOnEachOther() throws Exception {
    model()
        .node("ReduceMean", "h", "mean", Attribute.numbers("axes", 0))
        .node("Add", "h mean", "y")
        .writeTo(root.resolve("m/1"));
    InstanceGroup group = load("").group();

    askUntilKnown(group, 1);

    assertThat(group.rowTerms()).isEqualTo(RowTerms.asTheyCame(group.rowTerms().reason()));
    assertThat(group.rowTerms().reason())
        .startsWith(
            "requests run as they come: rows depend on each other: output 'y' of 2 rows has shape"
                + " [2,3] together and [2,3] alone, values differ");
    long executions = group.statistics().executionCount();
    askTogether(group, 200);
    assertThat(group.statistics().executionCount() - executions).isEqualTo(200);

    awaitNote();
    assertThat(load("").group().rowTerms()).isEqualTo(group.rowTerms());
  }

  @Test
  void requests_ofSeveralRows_areCutToBeCompared() throws Exception {
    model().node("Relu", "h", "y").writeTo(root.resolve("m/1"));
    InstanceGroup group = load("").group();

    askUntilKnown(group, 7);

    assertThat(group.rowTerms().isIndependent()).isTrue();
  }

  /** An answer that is the same for all rows would be so however rows were mixed. */
  @Test
  void requests_proveNothing_whenAllAreAnsweredAlike() throws Exception {
    model().real("zero", 0).node("Mul", "h zero", "y").writeTo(root.resolve("m/1"));
    InstanceGroup group = load("").group();

    askUntilKnown(group, 1);

    assertThat(group.rowTerms().merged()).isFalse();
    assertThat(group.rowTerms().reason())
        .matches(
            "requests run as they come: output 'y' is the same for all [5-8] rows of requests");
  }

  @Test
  void requests_proveNothing_whenTheyAreAllTheSame() throws Exception {
    model().node("Relu", "h", "y").writeTo(root.resolve("m/1"));
    InstanceGroup group = load("").group();
    RowTerms before = group.rowTerms();
    float[] row = values(1);

    for (int request = 0; request < 200; request++) {
      ask(group, row, 1).join().close();
    }
    Thread.sleep(200);

    assertThat(group.rowTerms()).isEqualTo(before);
  }

  @Test
  void requests_areLeftAlone_whereTheConfigurationDecides() throws Exception {
    model().node("Relu", "h", "y").writeTo(root.resolve("m/1"));
    for (String config :
        List.of(
            "max_batch_size: 0",
            "max_batch_size: 8",
            "parameters { key: \"batch_invariant\" value { string_value: \"false\" } }")) {
      InstanceGroup group = load(config).group();
      RowTerms before = group.rowTerms();
      assertThat(before.reason()).as(config).doesNotContain("rows of requests");
      for (int request = 0; request < 50; request++) {
        ask(group, values(1), 1).join().close();
      }
      Thread.sleep(100);
      assertThat(group.rowTerms()).as(config).isEqualTo(before);
    }
  }

  @Test
  void requests_areNotMerged_whereMergingWasStoppedBefore() throws Exception {
    model().node("Relu", "h", "y").writeTo(root.resolve("m/1"));
    InstanceGroup group = load("").group();
    assertThat(group.stopMerging("an answer differed")).isTrue();

    for (int request = 0; request < 50; request++) {
      ask(group, values(1), 1).join().close();
    }
    Thread.sleep(200);

    assertThat(group.rowTerms()).isEqualTo(RowTerms.asTheyCame("an answer differed"));
  }

  /** In whatever state the proof is, a drain ends it and leaves nothing. */
  @Test
  void drain_leavesNothing_wheneverItComes() throws Exception {
    model().node("Relu", "h", "y").writeTo(root.resolve("m/1"));
    for (int round = 0; round < 30; round++) {
      LoadedVersion version = load(notesAside());
      for (int request = 0; request < 4 + random.nextInt(4); request++) {
        ask(version.group(), values(1), 1).join().close();
      }
      version.group().drain(Duration.ofSeconds(10));
      assertThat(pool.usage().buffersInUse()).isZero();
    }
  }

  private static String notesAside() {
    return "# " + System.nanoTime();
  }

  private OnnxGraph model() {
    float[] weights = new float[SIZE * WIDTH];
    for (int index = 0; index < weights.length; index++) {
      weights[index] = (float) Math.sin(index);
    }
    return new OnnxGraph()
        .input("x", DataType.FP32, "batch", "n")
        .output("y", DataType.FP32, "batch", "3")
        .floats("w", new long[] {SIZE, WIDTH}, weights)
        .node("MatMul", "x w", "h");
  }

  private LoadedVersion load(String config) throws IOException {
    Files.writeString(root.resolve("m/config.pbtxt"), config);
    ModelFolder folder = new FolderModelRepository(root).find("m").orElseThrow();
    Version version = folder.version(1).orElseThrow();
    SessionVersionLoader loader =
        new SessionVersionLoader(
            runtime,
            new InstancePlan(2, ExecutionProviders.CPU, null),
            VersionLimits.of(1024, 64),
            new InstanceGroup.Environment(pool, Ticker.system(), EngineMetrics.NONE),
            root.resolve("copies"),
            new RowProofs(notes, runtime, pool, true));
    LoadedVersion made = loader.load(folder, version, step -> {});
    loaded.add(made);
    return made;
  }

  private float[] values(int rows) {
    float[] values = new float[rows * SIZE];
    for (int index = 0; index < values.length; index++) {
      values[index] = (float) random.nextGaussian();
    }
    return values;
  }

  private CompletableFuture<InferenceResponse> ask(InstanceGroup group, float[] values, int rows) {
    return Objects.requireNonNull(
        group.infer(
            InferenceRequest.of(
                "m", new NamedTensor("x", Tensor.ofFloats(pool, Shape.of(rows, SIZE), values)))));
  }

  /** Request after request, each answered as alone, until the proof is over. */
  private void askUntilKnown(InstanceGroup group, int rows) throws InterruptedException {
    RowTerms before = group.rowTerms();
    long end = System.nanoTime() + LONGEST_PROOF.toNanos();
    try (ModelSession alone = alone()) {
      while (group.rowTerms().equals(before)) {
        assertThat(System.nanoTime()).as(before.reason()).isLessThan(end);
        float[] values = values(rows);
        assertAnswer(alone, values, rows, ask(group, values, rows));
        Thread.sleep(1);
      }
    }
  }

  /**
   * Asks until requests shared a run: an instance that is free takes a request as soon as it is
   * there.
   */
  private void awaitMerged(InstanceGroup group) {
    for (int round = 1; round <= 100; round++) {
      long executions = group.statistics().executionCount();
      askTogether(group, 200);
      if (group.statistics().executionCount() - executions < 150) {
        return;
      }
    }
    throw new AssertionError("in none of 100 rounds did requests share runs");
  }

  private void askTogether(InstanceGroup group, int requests) {
    List<float[]> asked = new ArrayList<>();
    List<CompletableFuture<InferenceResponse>> answers = new ArrayList<>();
    for (int request = 0; request < requests; request++) {
      asked.add(values(1));
      answers.add(ask(group, asked.getLast(), 1));
    }
    try (ModelSession alone = alone()) {
      for (int request = 0; request < requests; request++) {
        assertAnswer(alone, asked.get(request), 1, answers.get(request));
      }
    }
  }

  private ModelSession alone() {
    return runtime.open(root.resolve("m/1/model.onnx"), SessionOptions.cpu(1));
  }

  private void assertAnswer(
      ModelSession alone, float[] values, int rows, CompletableFuture<InferenceResponse> answer) {
    try (Tensor x = Tensor.ofFloats(pool, Shape.of(rows, SIZE), values);
        Tensor expected = alone.run(List.of(new NamedTensor("x", x)), List.of("y")).getFirst();
        InferenceResponse given = answer.join()) {
      var one = expected.data().asFloatBuffer();
      var other = given.output("y").data().asFloatBuffer();
      assertThat(given.output("y").shape()).isEqualTo(expected.shape());
      while (one.hasRemaining()) {
        assertThat(other.get()).isCloseTo(one.get(), within(1e-4f));
      }
    }
  }

  /** The verdict is noted beside the requests. */
  private void awaitNote() {
    String content = loaded.getFirst().content().version();
    String name =
        "rows %d, ONNX Runtime %s, cpu, %s"
            .formatted(RowProof.VERSION, runtime.version(), Processor.id());
    await("the note")
        .pollInterval(Duration.ofMillis(5))
        .atMost(LONGEST_PROOF)
        .until(() -> !notes.read(content, name).orElse("unproven").contains("unproven"));
  }
}
