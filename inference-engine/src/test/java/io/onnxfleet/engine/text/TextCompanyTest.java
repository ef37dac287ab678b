package io.onnxfleet.engine.text;

import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.engine.EngineOptions;
import io.onnxfleet.engine.InferenceEngine;
import io.onnxfleet.engine.metrics.EngineMetrics;
import io.onnxfleet.engine.request.Deadline;
import io.onnxfleet.engine.text.tokenization.MiniLm;
import io.onnxfleet.engine.text.tokenization.TextInput;
import io.onnxfleet.engine.text.tokenization.TextTokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every variant that the build ships: a text's vector is the same alone, in a call of 100 and among
 * 32 callers.
 */
class TextCompanyTest {
  private static final double LEAST_COSINE = 0.99999;
  private static final int TEXTS = 100;
  private static final int CALLERS = 32;
  private static final int CALLS = 4;

  @TempDir private static Path repository;
  private static InferenceEngine engine;
  private static TextModels models;

  @BeforeAll
  static void load() throws IOException {
    for (String variant : variants()) {
      Files.createSymbolicLink(
          repository.resolve(variant), MiniLm.FOLDER.resolveSibling(variant).toRealPath());
    }
    engine = InferenceEngine.create(EngineOptions.defaults(repository), EngineMetrics.NONE);
    engine.start().join();
    models =
        new TextModels(
            engine::metadata, engine::infer, engine.bufferPool(), TextEmbedder.DEFAULT_MAX_TOKENS);
  }

  @AfterAll
  static void close() {
    models.close();
    engine.close();
  }

  /** The models beside the default one, whatever the build makes of them. */
  static List<String> variants() throws IOException {
    try (Stream<Path> folders = Files.list(MiniLm.FOLDER.toAbsolutePath().getParent())) {
      List<String> names =
          folders
              .filter(folder -> Files.isRegularFile(folder.resolve(TextTokenizer.FILE_NAME)))
              .map(folder -> folder.getFileName().toString())
              .sorted()
              .toList();
      assertThat(names).contains("all-minilm-l6-v2", "all-minilm-l6-v2-int8");
      return names;
    }
  }

  @ParameterizedTest
  @MethodSource("variants")
  void vector_isTheSame_inAnyCompany(String variant) throws Exception {
    List<String> texts = texts();
    List<float[]> alone = new ArrayList<>();
    for (String text : texts) {
      alone.add(embed(variant, List.of(text)).join().getFirst());
    }
    List<float[]> together = embed(variant, texts).join();
    double least = 1;
    for (int index = 0; index < TEXTS; index++) {
      least = Math.min(least, cosine(alone.get(index), together.get(index)));
    }
    try (ExecutorService callers = Executors.newFixedThreadPool(CALLERS)) {
      List<CompletableFuture<Double>> calls = new ArrayList<>();
      for (int caller = 0; caller < CALLERS; caller++) {
        Random random = new Random(caller);
        calls.add(
            CompletableFuture.supplyAsync(
                () -> {
                  double worst = 1;
                  for (int call = 0; call < CALLS; call++) {
                    int index = random.nextInt(TEXTS);
                    float[] vector = embed(variant, List.of(texts.get(index))).join().getFirst();
                    worst = Math.min(worst, cosine(alone.get(index), vector));
                  }
                  return worst;
                },
                callers));
      }
      for (CompletableFuture<Double> call : calls) {
        least = Math.min(least, call.join());
      }
    }
    System.out.printf("%s: least cosine %.8f%n", variant, least);
    assertThat(least).isGreaterThanOrEqualTo(LEAST_COSINE);
  }

  private static CompletableFuture<List<float[]>> embed(String model, List<String> texts) {
    List<TextInput> inputs = texts.stream().<TextInput>map(TextInput.Characters::new).toList();
    return models.embed(model, inputs, Deadline.NONE).thenApply(Embeddings::vectors);
  }

  private static double cosine(float[] one, float[] other) {
    double dot = 0;
    double first = 0;
    double second = 0;
    for (int index = 0; index < one.length; index++) {
      dot += (double) one[index] * other[index];
      first += (double) one[index] * one[index];
      second += (double) other[index] * other[index];
    }
    return dot / Math.sqrt(first * second);
  }

  /** Of 1 to 60 words, and one that takes two windows. */
  private static List<String> texts() {
    String[] words =
        ("harbour lantern, orchard seventeen quietly O'Brien unbelievably régime; kettle north-east"
                + " 3.14159 someone@example.org antidisestablishmentarianism fog (brackets) and yes!")
            .split(" ", -1);
    Random random = new Random(99);
    List<String> texts = new ArrayList<>();
    for (int text = 0; text < TEXTS; text++) {
      int count = text == 50 ? 330 : 1 + (text * 7) % 60;
      StringBuilder made = new StringBuilder("text " + text);
      for (int word = 0; word < count; word++) {
        made.append(' ').append(words[random.nextInt(words.length)]);
      }
      texts.add(made.toString());
    }
    return texts;
  }
}
