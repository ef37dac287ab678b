package io.onnxfleet.optimizer.head;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.engine.EngineOptions;
import io.onnxfleet.engine.InferenceEngine;
import io.onnxfleet.engine.metrics.EngineMetrics;
import io.onnxfleet.engine.request.Deadline;
import io.onnxfleet.engine.text.TextEmbedder;
import io.onnxfleet.engine.text.TextModels;
import io.onnxfleet.engine.text.tokenization.TextInput;
import io.onnxfleet.optimizer.repository.ModelFolder;
import io.onnxfleet.optimizer.runtime.RunnableModel;
import io.onnxfleet.optimizer.runtime.SessionSettings;
import io.onnxfleet.optimizer.sample.labelled.LabelledColumns;
import io.onnxfleet.optimizer.sample.labelled.LabelledFile;
import io.onnxfleet.optimizer.sample.labelled.LabelledSplit;
import io.onnxfleet.optimizer.sample.labelled.LabelledText;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalDouble;
import java.util.stream.Stream;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The default model and its 8-bit form, with questions that people asked. */
@EnabledIfSystemProperty(named = "fleet.shared", matches = ".+")
class HeadOnMiniLmTest {
  private static final double MOST_RELATIVE_ERROR = 1e-4;
  private static final int LABELS = 10;

  @TempDir private Path folder;

  @ParameterizedTest
  @ValueSource(strings = {"all-minilm-l6-v2", "all-minilm-l6-v2-int8"})
  void logits_areTheHeads_onTheFleetsOwnVectors(String name) throws Exception {
    Path models = Path.of(System.getProperty("fleet.root"), "models");
    LabelledSplit split = split();
    Path result = folder.resolve("topics");
    try (ModelFolder made = ModelFolder.inHubLayout(result);
        Embedder embedder =
            Embedder.open(
                EmbedderFolder.read(models.resolve(name)),
                Files.createDirectory(folder.resolve("scratch")))) {
      HeadTraining training = new HeadTraining(OptionalDouble.of(1), 1);
      HeadReport report = new Classifier(embedder, (_, _) -> {}).make(split, training, made);
      made.publish();
      Head head = report.trained().head();
      List<String> texts = split.held().stream().map(LabelledText::text).limit(40).toList();
      List<float[]> vectors = vectors(models, name, texts);
      try (RunnableModel written =
          RunnableModel.open(result.resolve("onnx/model.onnx"), SessionSettings.DEFAULT)) {
        float[][] logits = embedder.answers(written, texts, _ -> {});
        for (int text = 0; text < logits.length; text++) {
          assertNear(logits[text], head.logits(vectors.get(text)), texts.get(text));
        }
      }
      assertThat(report.judgement().matrix().accuracy())
          .isGreaterThan(2 * report.judgement().matrix().commonest());
    }
  }

  private static void assertNear(float[] actual, float[] expected, String text) {
    double difference = 0;
    double size = 0;
    for (int label = 0; label < expected.length; label++) {
      difference += Math.pow(actual[label] - (double) expected[label], 2);
      size += Math.pow(expected[label], 2);
    }
    assertThat(Math.sqrt(difference / size)).as(text).isLessThan(MOST_RELATIVE_ERROR);
  }

  /** As the engine makes them, each text in a call of its own. */
  private static List<float[]> vectors(Path models, String name, List<String> texts)
      throws Exception {
    try (InferenceEngine engine =
        InferenceEngine.create(EngineOptions.defaults(models), EngineMetrics.NONE)) {
      engine.start().join();
      try (TextModels served =
          new TextModels(
              engine::metadata,
              engine::infer,
              engine.bufferPool(),
              TextEmbedder.DEFAULT_MAX_TOKENS)) {
        return texts.stream()
            .map(
                text ->
                    served
                        .embed(name, List.of(new TextInput.Characters(text)), Deadline.NONE)
                        .join()
                        .vectors()
                        .getFirst())
            .toList();
      }
    }
  }

  /** Ten labels of the training part; held out are others of the same part. */
  private LabelledSplit split() throws Exception {
    Path file = Path.of(System.getProperty("fleet.shared"), "texts", "banking", "train.tsv");
    List<String> lines = Files.readAllLines(file, UTF_8);
    List<String> labels =
        lines.stream()
            .skip(1)
            .map(line -> line.substring(line.indexOf("\t") + 1))
            .distinct()
            .limit(LABELS)
            .toList();
    Path part = folder.resolve("part.tsv");
    Files.write(
        part,
        Stream.concat(
                lines.stream().limit(1),
                labels.stream()
                    .flatMap(
                        label ->
                            lines.stream().filter(line -> line.endsWith("\t" + label)).limit(30)))
            .toList());
    return LabelledSplit.stratified(LabelledFile.read(part, LabelledColumns.DEFAULT), 0.2, 1);
  }
}
