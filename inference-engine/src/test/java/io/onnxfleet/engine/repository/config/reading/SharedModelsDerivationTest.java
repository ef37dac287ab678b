package io.onnxfleet.engine.repository.config.reading;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.repository.FolderModelRepository;
import io.onnxfleet.engine.repository.ModelFolder;
import io.onnxfleet.engine.repository.config.ModelConfig;
import io.onnxfleet.engine.repository.config.SequencePadding;
import io.onnxfleet.engine.repository.config.TensorConfig;
import io.onnxfleet.engine.runtime.ModelSession;
import io.onnxfleet.engine.runtime.ModelSignature;
import io.onnxfleet.engine.runtime.OnnxRuntime;
import io.onnxfleet.engine.runtime.SessionOptions;
import io.onnxfleet.engine.tensor.BufferPool;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Derives the sample models' configurations by what ONNX Runtime tells of them. */
final class SharedModelsDerivationTest {
  /** All others of those that load are not. */
  private static final List<String> BATCHED =
      List.of(
          "basic-pitch",
          "gesture-keypoints",
          "iris-randomforest-zipmap",
          "magika-filetype",
          "mnist-cnn-dynamic",
          "mnist-cnn-external-data",
          "mnist-cnn-fp16-io",
          "mnist-cnn-int8-qdq",
          "ocr-orientation-fp16",
          "ocr-orientation-fp32",
          "ocr-text-detection",
          // Declares [None,1] and answers [1,rows], which the trial with two rows finds out.
          "squeezenet-product-labels",
          "super-resolution",
          "tinybert-encoder",
          "titanic-mixed-inputs",
          "typed/different-symbols-same-size",
          "typed/dynamic-axes-1d-output",
          "typed/string-label-emoji",
          "typed/symbolic-dims",
          "voting-classifier-string-labels",
          "yunet-n-dynamic");

  private final OnnxRuntime runtime = new OnnxRuntime(BufferPool.ofDefaults());

  @Test
  void derive_batchesThoseThatTakeRows_whenTheyHaveNoConfig() throws IOException {
    Path models = shared("models");
    Map<String, ModelConfig> derived = new TreeMap<>();
    for (Path folder : List.of(models, models.resolve("typed"))) {
      try (Stream<Path> entries = Files.list(folder)) {
        for (Path entry : entries.sorted().toList()) {
          Path file = entry.resolve("model.onnx");
          if (Files.isRegularFile(file) && !entry.endsWith("stress-big-input")) {
            String name = models.relativize(entry).toString();
            ModelSignature signature = signature(file);
            if (signature != null) {
              derived.put(name, ModelConfigDerivation.derive(name, null, signature));
            }
          }
        }
      }
    }

    assertThat(derived).hasSizeGreaterThan(50);
    assertThat(derived.values())
        .filteredOn(ModelConfig::isBatched)
        .extracting(ModelConfig::name)
        .containsExactlyElementsOf(BATCHED);
    assertThat(derived.values())
        .filteredOn(config -> config.sequencePadding() != null)
        .extracting(ModelConfig::name)
        .containsExactly("tinybert-encoder");
    assertThat(Objects.requireNonNull(derived.get("tinybert-encoder")).sequencePadding())
        .isEqualTo(
            new SequencePadding(
                List.of("input_ids", "attention_mask", "token_type_ids"),
                Optional.of(List.of("output_0")),
                Optional.empty()));
  }

  @Test
  void derive_servesOrRefusesByName_whenTritonsOwnExamplesAreRead() {
    Map<String, String> outcomes = new TreeMap<>();
    for (ModelFolder folder :
        new FolderModelRepository(shared("models/triton-repository")).scan()) {
      String outcome = folder.problem();
      if (outcome == null) {
        ModelSignature signature = signature(folder.servedVersions().getFirst().modelFile());
        ModelConfig config =
            ModelConfigDerivation.derive(
                folder.name(), folder.config(), Objects.requireNonNull(signature));
        outcome =
            "%d %s %s -> %s"
                .formatted(
                    config.maxBatchSize(),
                    config.dynamicBatching() == null ? "alone" : "together",
                    config.inputs().stream().map(input -> input.dims()).toList(),
                    config.outputs().stream().map(output -> output.dims()).toList());
      }
      outcomes.put(folder.name(), outcome);
    }

    assertThat(outcomes)
        .containsExactly(
            Map.entry("identity", "32 together [[-1]] -> [[-1]]"),
            Map.entry("simple", "8 alone [[16], [16]] -> [[16], [16]]"),
            Map.entry("simple_dyna_sequence", "uses sequence_batching, which is not served"),
            Map.entry("simple_int8", "8 alone [[16], [16]] -> [[16], [16]]"),
            Map.entry("simple_sequence", "uses sequence_batching, which is not served"),
            Map.entry("simple_string", "8 alone [[16], [16]] -> [[16], [16]]"));
  }

  @Test
  void scan_takesBareFilesAsTheyLie() {
    List<ModelFolder> folders = new FolderModelRepository(shared("models")).scan();

    assertThat(folders).hasSizeGreaterThan(30);
    assertThat(folders)
        .allSatisfy(
            folder -> {
              if (Files.isRegularFile(folder.path().resolve("model.onnx"))) {
                assertThat(folder.problem()).isNull();
                assertThat(folder.servedVersions()).hasSize(1);
              } else {
                assertThat(folder.problem()).isNotNull();
              }
            });
    assertThat(folders.stream().filter(folder -> folder.problem() == null).count())
        .isGreaterThanOrEqualTo(30);
  }

  @Test
  void derive_padsTheDefaultModel_whenTheBuildHasUnpackedIt() {
    Path root = Path.of(System.getProperty("fleet.root", ".."), "models");
    ModelFolder folder = new FolderModelRepository(root).find("all-minilm-l6-v2").orElseThrow();
    ModelSignature signature = signature(folder.servedVersions().getFirst().modelFile());

    ModelConfig config =
        ModelConfigDerivation.derive(
            folder.name(), folder.config(), Objects.requireNonNull(signature));

    assertThat(config.maxBatchSize()).isEqualTo(ModelConfigDerivation.DEFAULT_MAX_BATCH_SIZE);
    SequencePadding padding = Objects.requireNonNull(config.sequencePadding());
    assertThat(padding.inputs())
        .containsExactlyInAnyOrder("input_ids", "attention_mask", "token_type_ids");
    assertThat(padding.outputs())
        .contains(config.outputs().stream().map(TensorConfig::name).toList());
  }

  /** Null if the runtime refuses the model, which is the runtime's own test. */
  private @Nullable ModelSignature signature(Path file) {
    try (ModelSession session = runtime.open(file, SessionOptions.cpu(1))) {
      return session.signature();
    } catch (InferenceException refused) {
      return null;
    }
  }

  private static Path shared(String path) {
    String shared = System.getProperty("fleet.shared", "");
    assumeTrue(!shared.isEmpty(), "fleet.shared is not set: the sample models are left out");
    return Path.of(shared).resolve(path);
  }
}
