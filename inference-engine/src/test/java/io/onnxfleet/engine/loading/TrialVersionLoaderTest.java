package io.onnxfleet.engine.loading;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.loading.child.TrialOptions;
import io.onnxfleet.engine.loading.child.TrialVersionLoader;
import io.onnxfleet.engine.loading.open.KeptFiles;
import io.onnxfleet.engine.loading.open.LoadedVersion;
import io.onnxfleet.engine.loading.open.VersionLoader;
import io.onnxfleet.engine.loading.rows.RowProofs;
import io.onnxfleet.engine.loading.threads.InstancePlan;
import io.onnxfleet.engine.notes.Evidence;
import io.onnxfleet.engine.notes.ModelNotes;
import io.onnxfleet.engine.repository.FolderModelRepository;
import io.onnxfleet.engine.repository.ModelFolder;
import io.onnxfleet.engine.runtime.ExecutionProviders;
import io.onnxfleet.engine.runtime.OnnxRuntime;
import io.onnxfleet.engine.tensor.BufferPool;
import io.onnxfleet.testing.model.TinyModel;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Models in processes of their own. The loader behind says that they have passed. */
class TrialVersionLoaderTest {
  private static final Logger log = LoggerFactory.getLogger(TrialVersionLoaderTest.class);
  private static final String PASSED = "the trial is passed";
  private static final long MEMORY = 512L << 20;

  @TempDir private Path root;
  @TempDir private Path graphs;
  @TempDir private Path notes;

  private final List<String> progress = new ArrayList<>();
  private final AtomicLong nanos = new AtomicLong();
  private final VersionLoader passed =
      (folder, version, steps) -> {
        throw new InferenceException(ErrorCode.MODEL_LOAD_FAILED, PASSED);
      };
  private VersionLoader loader = passed;

  @BeforeEach
  void makesLoader() {
    loader = loader(Duration.ofSeconds(60));
  }

  @AfterEach
  void endsChildren() {
    loader.close();
  }

  private VersionLoader loader(Duration timeout) {
    ModelNotes known = ModelNotes.open(notes);
    BufferPool pool = BufferPool.ofDefaults();
    return new TrialVersionLoader(
        passed,
        new TrialOptions(true, timeout, MEMORY),
        new InstancePlan(1, ExecutionProviders.CPU, null),
        known,
        new RowProofs(known, new OnnxRuntime(pool), pool, false),
        new KeptFiles(graphs, 1 << 20, null, graphs.resolve("copies")),
        Evidence.none());
  }

  private String outcome(String model) {
    ModelFolder folder = new FolderModelRepository(root).find(model).orElseThrow();
    try {
      LoadedVersion _ = loader.load(folder, folder.version(1).orElseThrow(), progress::add);
      throw new AssertionError("nothing is loaded here");
    } catch (InferenceException refused) {
      return String.valueOf(refused.getMessage());
    }
  }

  private Path folder(String model) throws IOException {
    return Files.createDirectories(root.resolve(model).resolve("1"));
  }

  @Test
  void load_triesAModel_onlyOnce() throws IOException {
    TinyModel.times(2).writeTo(folder("m"));
    assertThat(outcome("m")).isEqualTo(PASSED);
    assertThat(progress).containsExactly("being tried in a process of its own");
    assertThat(outcome("m")).isEqualTo(PASSED);
    TinyModel.times(2).writeTo(folder("copy"));
    assertThat(outcome("copy")).isEqualTo(PASSED);
    assertThat(progress).hasSize(1);
    Files.writeString(root.resolve("m/config.pbtxt"), "max_batch_size: 4");
    assertThat(outcome("m")).isEqualTo(PASSED);
    assertThat(progress).hasSize(2);
  }

  @Test
  void load_refusesWithTheReason_whenAModelDoesNotOpen() throws IOException {
    Files.writeString(folder("m").resolve("model.onnx"), "no model");
    assertThat(outcome("m")).contains("is no ONNX model");
    assertThat(outcome("m")).contains("is no ONNX model");
    assertThat(progress).hasSize(2);
  }

  @Test
  void load_refuses_whenTheFirstRunNeverEnds() throws IOException {
    loader.close();
    loader = loader(Duration.ofSeconds(3));
    TinyModel.loop().writeTo(folder("m"));
    Path data = Files.createDirectories(root.resolve("m/warmup"));
    Files.write(
        data.resolve("n"),
        ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(1L << 62).array());
    Files.writeString(
        root.resolve("m/config.pbtxt"),
        """
        input [ { name: "n" data_type: TYPE_INT64 dims: [ ] },
                { name: "going" data_type: TYPE_BOOL dims: [ ] },
                { name: "x" data_type: TYPE_FP32 dims: [ 1 ] } ]
        output [ { name: "y" data_type: TYPE_FP32 dims: [ 1 ] } ]
        model_warmup [ { name: "endless" batch_size: 1 inputs [
          { key: "n" value { data_type: TYPE_INT64 dims: [ ] input_data_file: "n" } },
          { key: "going" value { data_type: TYPE_BOOL dims: [ ] input_data_file: "going" } },
          { key: "x" value { data_type: TYPE_FP32 dims: [ 1 ] zero_data: true } } ] } ]
        """);
    Files.write(data.resolve("going"), new byte[] {1});
    assertThat(outcome("m"))
        .matches(
            "to open it and run it once used \\d+ ms of CPU time \\(expected: <= 3000 ms\\),"
                + " trial.timeout; it is tried again in 15 s");
    assertThat(outcome("m")).endsWith("it is tried again in 30 s");
  }

  @Test
  void load_saysWhatTheCrashWas_whenTheFirstRunEndsTheProcess() throws IOException {
    TinyModel.poolBeyondItsMask("3000", "3000").writeTo(folder("m"));
    assertThat(outcome("m"))
        .matches(
            "it ended the process that checked it: SIGSEGV in libonnxruntime\\S*\\+0x[0-9a-f]+"
                + " \\(details: /.*/hs_err_model-check_\\d+\\.log\\)");
    TinyModel.times(2).writeTo(folder("good"));
    assertThat(outcome("good")).isEqualTo(PASSED);
  }

  @Test
  void load_refuses_whenTheFirstRunTakesMoreMemoryThanItMay() throws IOException {
    String shared = System.getProperty("fleet.shared", "");
    if (shared.isEmpty()) {
      log.warn("fleet.shared is not set: the model that allocates 40 GB was left out");
      return;
    }
    Files.copy(
        Path.of(shared, "models", "hostile", "bomb-alloc.onnx"), folder("m").resolve("model.onnx"));
    Path data = Files.createDirectories(root.resolve("m/warmup"));
    Files.write(
        data.resolve("shape"),
        ByteBuffer.allocate(16)
            .order(ByteOrder.LITTLE_ENDIAN)
            .putLong(100_000)
            .putLong(100_000)
            .array());
    Files.writeString(
        root.resolve("m/config.pbtxt"),
        """
        model_warmup [ { name: "large" batch_size: 1 inputs [ { key: "shape"
          value { data_type: TYPE_INT64 dims: [ 2 ] input_data_file: "shape" } } ] } ]
        """);
    assertThat(outcome("m")).startsWith("model_warmup 'large': ").contains("alloc");
  }

  /** Every hostile file, those that only a process of their own may be spent on too. */
  @Test
  void load_survivesEveryHostileFile() throws IOException {
    String shared = System.getProperty("fleet.shared", "");
    if (shared.isEmpty()) {
      log.warn("fleet.shared is not set: the hostile models were left out");
      return;
    }
    loader.close();
    loader = loader(Duration.ofSeconds(2));
    List<Path> files;
    try (Stream<Path> paths = Files.walk(Path.of(shared, "models", "hostile"))) {
      files = paths.filter(file -> file.toString().matches(".*\\.(onnx|ort)")).sorted().toList();
    }
    int refused = 0;
    for (int index = 0; index < files.size(); index++) {
      Path file = files.get(index);
      String model = "hostile" + index;
      Path version = folder(model);
      String name = String.valueOf(file.getFileName());
      Files.copy(file, version.resolve(name));
      Path weights = file.resolveSibling("weights.bin");
      if (Files.exists(weights)) {
        Files.copy(weights, version.resolve("weights.bin"));
      }
      Files.writeString(
          root.resolve(model).resolve("config.pbtxt"),
          "default_model_filename: \"%s\"".formatted(name));
      String outcome = outcome(model);
      log.info("{}: {}", file, outcome);
      assertThat(outcome).as(name).isNotBlank().doesNotContain("Stacktrace", ".cc:");
      refused += outcome.equals(PASSED) ? 0 : 1;
    }
    assertThat(refused).isGreaterThan(60);
    loader.close();
    loader = loader(Duration.ofSeconds(60));
    TinyModel.times(2).writeTo(folder("good"));
    assertThat(outcome("good")).isEqualTo(PASSED);
  }

  @Test
  void load_isNotTried_afterThreeFailures_untilFilesChangeOrTimePasses() throws IOException {
    Path file = folder("m").resolve("model.onnx");
    Files.writeString(file, "x");
    VersionLoader quarantining = new QuarantiningVersionLoader(passed, nanos::get);
    VersionLoader trials = loader;
    loader = quarantining;
    for (int failure = 0; failure < QuarantiningVersionLoader.FAILURES; failure++) {
      assertThat(outcome("m")).isEqualTo(PASSED);
    }
    assertThat(outcome("m"))
        .isEqualTo(
            "it failed 3 times in a row and is not tried for 600 s more, or until its files change: "
                + PASSED);
    Files.writeString(file, "xy");
    assertThat(outcome("m")).isEqualTo(PASSED);
    outcome("m");
    outcome("m");
    assertThat(outcome("m")).startsWith("it failed 3 times");
    nanos.addAndGet(QuarantiningVersionLoader.LENGTH.toNanos());
    assertThat(outcome("m")).isEqualTo(PASSED);
    loader = trials;
  }

  @Test
  void options_refuseWhatMakesNoSense() {
    assertThatThrownBy(() -> new TrialOptions(true, Duration.ZERO, 1))
        .hasMessageContaining("expected: >= 1 ms");
  }
}
