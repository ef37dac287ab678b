package io.onnxfleet.engine.catalog;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import io.onnxfleet.engine.InferenceEngine;
import io.onnxfleet.engine.loading.child.TrialOptions;
import io.onnxfleet.engine.request.InferenceRequest;
import io.onnxfleet.engine.request.InferenceResponse;
import io.onnxfleet.engine.tensor.NamedTensor;
import io.onnxfleet.engine.tensor.Shape;
import io.onnxfleet.engine.tensor.Tensor;
import io.onnxfleet.testing.model.TinyModel;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A model whose valid requests really crash ONNX Runtime where the picture is large, beside one
 * that is sound: in this process behind the model check, and in processes that may die.
 */
class CrashEvidenceTest {
  private static final int LARGE = 2000;

  @TempDir private Path models;
  @TempDir private Path notes;

  private final List<Process> processes = new ArrayList<>();
  private @Nullable BufferedReader said;

  @BeforeEach
  void writesModels() throws IOException {
    TinyModel.poolBeyondItsMask("size", "size")
        .writeTo(Files.createDirectories(models.resolve("pool/1")));
    TinyModel.times(2).writeTo(Files.createDirectories(models.resolve("sound/1")));
  }

  @AfterEach
  void endsProcesses() {
    processes.forEach(Process::destroyForcibly);
  }

  private Process start() throws IOException {
    Process process =
        new ProcessBuilder(
                List.of(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "-XX:TieredStopAtLevel=1",
                    "-XX:+UseSerialGC",
                    "-XX:-CreateCoredumpOnCrash",
                    "-XX:ErrorFile=" + notes.resolve("hs_err_%p.log"),
                    "--enable-native-access=ALL-UNNAMED",
                    "-Djava.io.tmpdir=" + System.getProperty("java.io.tmpdir"),
                    "-cp",
                    System.getProperty("java.class.path"),
                    CrashingReplica.class.getName(),
                    models.toString(),
                    notes.toString()))
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    processes.add(process);
    said = process.inputReader();
    assertThat(await("ready")).isEqualTo("ready");
    return process;
  }

  private @Nullable String ask(Process process, String line) throws IOException {
    Writer questions = process.outputWriter();
    questions.write(line + "\n");
    questions.flush();
    return await("answer: ");
  }

  /** The next line that begins so, or null if the process ends. */
  private @Nullable String await(String begin) throws IOException {
    BufferedReader lines = said;
    if (lines == null) {
      return fail("nothing is started");
    }
    String line = lines.readLine();
    while (line != null && !line.startsWith(begin)) {
      line = lines.readLine();
    }
    return line;
  }

  @Test
  void infer_runsFirstInputsElsewhere_whenTheModelCheckCouldNotRunTheModel() throws Exception {
    TinyModel.poolOfOneSizeBeyondItsMask(LARGE).writeTo(models.resolve("pool/1"));
    try (InferenceEngine engine =
        CrashingReplica.engine(
            models, notes, new TrialOptions(true, Duration.ofSeconds(60), 512L << 20))) {
      assertThat(engine.isReady("pool", null)).isTrue();
      CountDownLatch left = new CountDownLatch(1);
      engine.onChange(
          () -> {
            if (engine.index().getFirst().state() == ModelState.UNAVAILABLE
                && engine.index().getFirst().reason().startsWith("quarantined")) {
              left.countDown();
            }
          });
      assertThat(CrashingReplica.pool(engine, LARGE))
          .matches(
              ".*the model ended the process that ran it first: SIGSEGV in libonnxruntime\\S* .*, in"
                  + " its first run of mask \\[1,1,1,1\\], x \\[1,1,2000,2000\\]");
      // The version leaves on another thread.
      assertThat(left.await(30, TimeUnit.SECONDS)).isTrue();
      assertThat(engine.index().getFirst().state()).isEqualTo(ModelState.UNAVAILABLE);
      assertThat(engine.index().getFirst().reason())
          .startsWith("quarantined, because it ended a process: SIGSEGV in libonnxruntime");
      assertThat(engine.quarantined()).hasSize(1);
      Tensor x = Tensor.ofFloats(engine.bufferPool(), Shape.of(1, 3), new float[] {1, 1, 1});
      try (InferenceResponse response =
          engine.infer(InferenceRequest.of("sound", new NamedTensor("x", x))).join()) {
        assertThat(response.output("y").data().getFloat(0)).isEqualTo(2);
      }
      engine.load("pool").join();
      assertThat(engine.quarantined()).as("an administrator's load lifts it").isEmpty();
      assertThat(engine.isReady("pool", null)).isTrue();
      assertThat(CrashingReplica.pool(engine, 8)).as("refused, and alive").contains("reshape");
    }
  }

  @Test
  void start_quarantinesWhatCrashedBefore_andServesTheOthers() throws Exception {
    Process first = start();
    assertThat(ask(first, "pool " + LARGE)).as("it dies").isNull();
    assertThat(first.waitFor()).isNotZero();
    Process second = start();
    assertThat(ask(second, "index"))
        .contains("name=pool, version=1, state=UNAVAILABLE", "SIGSEGV in libonnxruntime")
        .contains("x [1,1,2000,2000]")
        .contains("name=sound, version=1, state=READY");
    assertThat(ask(second, "load pool")).as("lifted").isEqualTo("answer: []");
    assertThat(ask(second, "pool 8")).isEqualTo("answer: [1,1,7,7]");
    second.destroyForcibly().waitFor();
    Process third = start();
    assertThat(ask(third, "index"))
        .as("a kill is no evidence")
        .contains("name=pool, version=1, state=READY");
  }
}
