package io.onnxfleet.engine.loading.rows;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.notes.ModelNotes;
import io.onnxfleet.engine.proof.RowVerdict;
import io.onnxfleet.engine.repository.ContentDigest;
import io.onnxfleet.engine.repository.CopiedModel;
import io.onnxfleet.engine.repository.ModelFolder;
import io.onnxfleet.engine.repository.ModelFolder.Version;
import io.onnxfleet.engine.repository.config.ModelConfig;
import io.onnxfleet.engine.repository.config.reading.ModelConfigDerivation;
import io.onnxfleet.engine.runtime.ModelSession;
import io.onnxfleet.engine.runtime.OnnxRuntime;
import io.onnxfleet.engine.runtime.SessionOptions;
import io.onnxfleet.engine.tensor.BufferPool;
import io.onnxfleet.engine.tensor.Shape;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What the proof says of the sample models of the folder that {@code fleet.shared} names. */
class SampleModelsProofTest {
  private static final Logger log = LoggerFactory.getLogger(SampleModelsProofTest.class);

  private final BufferPool pool = BufferPool.ofDefaults();
  private final OnnxRuntime runtime = new OnnxRuntime(pool);

  @Test
  void prove_knowsTheSampleModels_whenTheyHaveNoConfig() throws IOException {
    Path models = shared("models");
    Map<String, RowVerdict> verdicts = new TreeMap<>();
    for (Path folder :
        List.of(
            models,
            models.resolve("typed"),
            models.resolve("triton-repository"),
            Path.of(System.getProperty("fleet.root"), "models"))) {
      try (Stream<Path> entries = Files.list(folder)) {
        for (Path entry : entries.sorted().toList()) {
          Path file = entry.resolve("model.onnx");
          file = Files.isRegularFile(file) ? file : entry.resolve("1/model.onnx");
          if (Files.isRegularFile(file) && !entry.endsWith("stress-big-input")) {
            prove(models.relativize(entry).toString(), entry, file, verdicts);
          }
        }
      }
    }
    assertThat(verdicts).hasSizeGreaterThanOrEqualTo(29);
    assertThat(verdicts.remove("squeezenet-product-labels"))
        .isInstanceOfSatisfying(
            RowVerdict.Refuted.class,
            refuted -> {
              assertThat(refuted.output()).isEqualTo("classLabel");
              assertThat(refuted.together()).isEqualTo(Shape.of(1, 2));
            });
    assertThat(verdicts)
        .allSatisfy(
            (name, verdict) ->
                assertThat(verdict)
                    .isInstanceOf(
                        name.endsWith("-int8") && name.contains("minilm")
                            ? RowVerdict.ProvenAlone.class
                            : RowVerdict.Proven.class));
    assertThat(pool.usage().buffersInUse()).isZero();
  }

  private void prove(String name, Path entry, Path file, Map<String, RowVerdict> verdicts) {
    try (ModelSession session = runtime.open(file, SessionOptions.cpu(1))) {
      ModelConfig config = ModelConfigDerivation.derive(name, null, session.signature());
      if (config.isBatched()) {
        Version version = new Version(1, file, null);
        ModelFolder folder = new ModelFolder(name, entry, null, List.of(version), null);
        verdicts.put(
            name,
            new RowProofs(ModelNotes.inMemory(), runtime, pool, true)
                .verdict(
                    new RowProofs.Subject(
                        CopiedModel.of(version, ContentDigest.of(folder, version), null),
                        entry,
                        config,
                        ServingTerms.modelInterface(config, session.signature()),
                        session,
                        SessionOptions.cpu(1))));
      }
    } catch (InferenceException refused) {
      log.info("{} is refused: {}", name, refused.getMessage());
    }
  }

  private static Path shared(String path) {
    String shared = System.getProperty("fleet.shared", "");
    assumeTrue(!shared.isEmpty(), "fleet.shared is not set: the sample models are left out");
    return Path.of(shared).resolve(path);
  }
}
