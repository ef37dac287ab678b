package io.onnxfleet.engine.loading.rows;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.instance.InstanceGroup;
import io.onnxfleet.engine.instance.ModelInterface.Padding;
import io.onnxfleet.engine.loading.open.LoadedVersion;
import io.onnxfleet.engine.loading.open.SessionVersionLoader;
import io.onnxfleet.engine.loading.threads.InstancePlan;
import io.onnxfleet.engine.metrics.EngineMetrics;
import io.onnxfleet.engine.notes.ModelNotes;
import io.onnxfleet.engine.notes.ProofNotes;
import io.onnxfleet.engine.notes.ProofNotes.Proof;
import io.onnxfleet.engine.repository.ContentDigest;
import io.onnxfleet.engine.repository.FolderModelRepository;
import io.onnxfleet.engine.repository.ModelFolder;
import io.onnxfleet.engine.repository.ModelFolder.Version;
import io.onnxfleet.engine.repository.config.VersionLimits;
import io.onnxfleet.engine.request.Ticker;
import io.onnxfleet.engine.runtime.ExecutionProviders;
import io.onnxfleet.engine.runtime.OnnxRuntime;
import io.onnxfleet.engine.tensor.BufferPool;
import io.onnxfleet.engine.tensor.DataType;
import io.onnxfleet.engine.tensor.PaddingSide;
import io.onnxfleet.testing.model.Attribute;
import io.onnxfleet.testing.model.OnnxGraph;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Padding as it is decided when a version loads, by runs of the real runtime. */
class PaddingProofsTest {
  private static final int VOCABULARY = 20;

  private final BufferPool pool = BufferPool.ofDefaults();
  private final ModelNotes notes = ModelNotes.inMemory();
  private final List<LoadedVersion> loaded = new ArrayList<>();
  @TempDir private Path root;

  @AfterEach
  void closesAll() throws InterruptedException {
    for (LoadedVersion version : loaded) {
      version.group().drain(Duration.ofSeconds(10));
    }
    assertThat(pool.usage().buffersInUse()).isZero();
  }

  @Test
  void load_fillsUpOnTheLeft_whenTheLastTokenCounts() throws IOException {
    tokens(true).gather().save();

    LoadedVersion version = load();

    assertThat(padding(version))
        .isEqualTo(
            new Padding(
                List.of("input_ids", "attention_mask"), List.of(), PaddingSide.LEFT, Map.of()));
    assertThat(version.group().rowTerms().reason())
        .endsWith("; shorter rows are filled up on the left (proven)");
  }

  @Test
  void load_fillsUpOnTheRight_whenPositionsAreCounted() throws IOException {
    tokens(true).positions().mean("placed").save();

    assertThat(Objects.requireNonNull(padding(load())).side()).isEqualTo(PaddingSide.RIGHT);
  }

  @Test
  void load_fillsUpOnTheRight_whenNothingIsSaidAndBothSidesServe() throws IOException {
    tokens(true).mean("tokens").save();

    assertThat(Objects.requireNonNull(padding(load())).side()).isEqualTo(PaddingSide.RIGHT);
  }

  @Test
  void load_takesTheTokenizersSideAndPad_whenBothSidesServe() throws IOException {
    tokens(true).mean("tokens").save();
    write(
        "tokenizer.json",
        """
        {"version": "1.0", "padding": {"direction": "Left", "pad_id": 3, "pad_token": "<pad>"},
         "added_tokens": [], "model": {"vocab": {"a": 0}}}
        """);

    Padding padding = Objects.requireNonNull(padding(load()));

    assertThat(padding.side()).isEqualTo(PaddingSide.LEFT);
    assertThat(padding.fills()).isEqualTo(Map.of("input_ids", 3L));
  }

  @Test
  void load_takesTheProvenSide_whenTheTokenizersIsAnother() throws IOException {
    tokens(true).positions().mean("placed").save();
    write("tokenizer_config.json", "{\"padding_side\": \"left\", \"pad_token\": \"<pad>\"}");

    assertThat(Objects.requireNonNull(padding(load())).side()).isEqualTo(PaddingSide.RIGHT);
  }

  @Test
  void load_fillsNothingUp_whenTheMaskIsPassedOver() throws IOException {
    tokens(true).meanOfAll().save();

    LoadedVersion version = load();

    assertThat(padding(version)).isNull();
    assertThat(version.group().rowTerms().merged()).isTrue();
    assertThat(version.group().rowTerms().reason())
        .contains("only rows of equal length share a run: output 'y' of a row of length");
  }

  @Test
  void load_findsOutputsOfTheRowsLength_whenNoDimensionHasAName() throws IOException {
    tokens(false).each().save();

    assertThat(Objects.requireNonNull(padding(load())).outputs()).containsExactly("y");
  }

  @Test
  void load_refuses_whenTheSideAskedForWasRefuted() throws IOException {
    tokens(true).gather().save();
    write("config.pbtxt", parameter("padding", "right"));

    assertThatThrownBy(this::load)
        .isInstanceOf(InferenceException.class)
        .hasMessageContaining("parameter 'padding': right (expected auto or none: output 'y'");
  }

  @Test
  void load_doesAsAsked_whenBatchesNeedNotBeInvariant() throws IOException {
    tokens(true).gather().save();
    write("config.pbtxt", parameter("padding", "right") + parameter("batch_invariant", "false"));

    assertThat(Objects.requireNonNull(padding(load())).side()).isEqualTo(PaddingSide.RIGHT);
  }

  @Test
  void load_doesAsAsked_whenTheSideIsProven() throws IOException {
    tokens(true).mean("tokens").save();
    write("config.pbtxt", parameter("padding", "left"));

    assertThat(Objects.requireNonNull(padding(load())).side()).isEqualTo(PaddingSide.LEFT);
  }

  @Test
  void load_fillsNothingUp_whenSwitchedOff() throws IOException {
    tokens(true).mean("tokens").save();
    write("config.pbtxt", parameter("padding", "none"));

    assertThat(padding(load())).isNull();
  }

  @ParameterizedTest
  @ValueSource(strings = {"tinybert-encoder"})
  void load_fillsUpTransformers_whenTheyMask(String model) throws IOException {
    String shared = System.getProperty("fleet.shared", "");
    assumeTrue(!shared.isEmpty(), "fleet.shared is not set: the sample models are left out");
    Files.createDirectories(root.resolve("m/1"));
    Files.copy(
        Path.of(shared).resolve("models").resolve(model).resolve("model.onnx"),
        root.resolve("m/1/model.onnx"));

    LoadedVersion version = load();
    System.out.println(version.group().rowTerms().reason());

    assertThat(padding(version)).isNotNull();
  }

  @Test
  void load_fillsUpTheDefaultModel() throws IOException {
    Path model =
        Path.of(System.getProperty("fleet.root", ".."), "models/all-minilm-l6-v2/1/model.onnx");
    assumeTrue(Files.isRegularFile(model), "the default model is not unpacked");
    Files.createDirectories(root.resolve("m/1"));
    Files.copy(model, root.resolve("m/1/model.onnx"));

    long begin = System.nanoTime();
    LoadedVersion version = load();
    System.out.println(
        version.group().rowTerms().reason() + " " + (System.nanoTime() - begin) / 1_000_000);

    assertThat(Objects.requireNonNull(padding(version)).side()).isEqualTo(PaddingSide.RIGHT);
  }

  @Test
  void verdict_isProvenOnce_forAContent() throws IOException {
    tokens(true).mean("tokens").save();
    Padding proven = Objects.requireNonNull(padding(load()));
    ProofNotes proofs = new ProofNotes(notes, new OnnxRuntime(pool).version(), true);
    ContentDigest content = content();
    String noted = proofs.read(Proof.PADDING, content, "cpu").orElseThrow();
    assertThat(padding(load())).isEqualTo(proven);

    // What is noted is believed, so it was not found out again.
    proofs.write(Proof.PADDING, content, "cpu", noted.replace("PROVEN", "REFUTED"));
    assertThat(padding(load())).isNull();

    proofs.write(Proof.PADDING, content, "cpu", "{\"outcomes\": [");
    assertThat(padding(load())).as("a damaged note is none").isEqualTo(proven);
  }

  private ContentDigest content() {
    ModelFolder folder = new FolderModelRepository(root).find("m").orElseThrow();
    return ContentDigest.of(folder, folder.version(1).orElseThrow());
  }

  private static String parameter(String name, String value) {
    return "parameters { key: \"%s\" value { string_value: \"%s\" } }\n".formatted(name, value);
  }

  private void write(String name, String text) throws IOException {
    Files.writeString(Files.createDirectories(root.resolve("m")).resolve(name), text);
  }

  private static @Nullable Padding padding(LoadedVersion version) {
    return version.group().model().padding();
  }

  private LoadedVersion load() {
    ModelFolder folder = new FolderModelRepository(root).find("m").orElseThrow();
    Version version = folder.version(1).orElseThrow();
    OnnxRuntime runtime = new OnnxRuntime(pool);
    SessionVersionLoader loader =
        new SessionVersionLoader(
            runtime,
            new InstancePlan(1, ExecutionProviders.CPU, null),
            VersionLimits.of(64, 64),
            new InstanceGroup.Environment(pool, Ticker.system(), EngineMetrics.NONE),
            null,
            new RowProofs(notes, runtime, pool, true));
    LoadedVersion made = loader.load(folder, version, step -> {});
    loaded.add(made);
    return made;
  }

  private Encoder tokens(boolean named) {
    return new Encoder(named);
  }

  /** A model of tokens and a mask, step by step. */
  private final class Encoder {
    private final OnnxGraph graph = new OnnxGraph();
    private final String sequence;

    Encoder(boolean named) {
      sequence = named ? "sequence" : "";
      float[] table = new float[VOCABULARY * 2];
      for (int index = 0; index < table.length; index++) {
        table[index] = (float) Math.sin(index);
      }
      graph
          .input("input_ids", DataType.INT64, "batch", sequence)
          .input("attention_mask", DataType.INT64, "batch", sequence)
          .floats("table", new long[] {VOCABULARY, 2}, table)
          .node("Gather", "table input_ids", "tokens")
          .cast("attention_mask", "mask", DataType.FP32)
          .longs("last", new long[] {1}, 2)
          .longs("axis", new long[] {1}, 1)
          .node("Unsqueeze", "mask last", "m3");
    }

    Encoder gather() {
      graph
          .number("end", -1)
          .node("Mul", "tokens m3", "masked")
          .node("Gather", "masked end", "y", Attribute.number("axis", 1))
          .output("y", DataType.FP32, "batch", "2");
      return this;
    }

    Encoder positions() {
      float[] places = new float[256];
      for (int index = 0; index < places.length; index++) {
        places[index] = index;
      }
      graph
          .floats("places", new long[] {128, 2}, places)
          .number("zero", 0)
          .number("one", 1)
          .node("Shape", "input_ids", "shape")
          .node("Gather", "shape one", "length", Attribute.number("axis", 0))
          .node("Range", "zero length one", "order")
          .node("Gather", "places order", "place")
          .node("Add", "tokens place", "placed");
      return this;
    }

    Encoder mean(String vectors) {
      graph
          .node("Mul", vectors + " m3", "masked")
          .node("ReduceSum", "masked axis", "sum", Attribute.number("keepdims", 0))
          .node("ReduceSum", "m3 axis", "count", Attribute.number("keepdims", 0))
          .node("Div", "sum count", "y")
          .output("y", DataType.FP32, "batch", "2");
      return this;
    }

    Encoder meanOfAll() {
      graph
          .node("Mul", "tokens m3", "masked")
          .node(
              "ReduceMean",
              "masked",
              "y",
              Attribute.numbers("axes", 1),
              Attribute.number("keepdims", 0))
          .output("y", DataType.FP32, "batch", "2");
      return this;
    }

    Encoder each() {
      graph.node("Mul", "tokens m3", "y").output("y", DataType.FP32, "batch", sequence, "2");
      return this;
    }

    void save() {
      var _ = graph.writeTo(root.resolve("m/1"));
    }
  }
}
