package io.onnxfleet.engine.text;

import static org.assertj.core.api.Assertions.assertThat;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import io.onnxfleet.engine.EngineOptions;
import io.onnxfleet.engine.InferenceEngine;
import io.onnxfleet.engine.metrics.EngineMetrics;
import io.onnxfleet.engine.request.Deadline;
import io.onnxfleet.engine.text.tokenization.MiniLm;
import io.onnxfleet.engine.text.tokenization.TextInput;
import java.io.IOException;
import java.nio.LongBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Three models, whole: folder, tokenizer, batches and pooling against vectors that were computed
 * without any of it, by {@link WordPieces}, ONNX Runtime's own Java interface and plain loops.
 */
class TextReferenceTest {
  private static final String MINI_LM = "all-minilm-l6-v2";
  private static final String BGE = "bge-small-en-v1.5";
  private static final String E5 = "e5-small-v2";
  private static final int TEXTS = 100;
  private static final int CALLERS = 32;

  private static final Path UNPACKED =
      Path.of(System.getProperty("fleet.root", ".."), "inference-engine", "target", "text-models");

  @TempDir private static Path repository;
  private static InferenceEngine engine;
  private static TextModels models;

  /** The first tokens' vector, or the mean. */
  private enum Pooled {
    FIRST,
    MEAN
  }

  @BeforeAll
  static void load() throws IOException {
    Files.createSymbolicLink(repository.resolve(MINI_LM), MiniLm.FOLDER.toRealPath());
    folder(
        BGE,
        "{\"word_embedding_dimension\":384,\"pooling_mode_cls_token\":true,"
            + "\"pooling_mode_mean_tokens\":false}",
        "{\"__version__\":{},\"prompts\":{},\"default_prompt_name\":null}");
    folder(
        E5,
        "{\"word_embedding_dimension\":384,\"pooling_mode_cls_token\":false,"
            + "\"pooling_mode_mean_tokens\":true}",
        "{\"prompts\":{\"query\":\"query: \",\"passage\":\"passage: \"}}");
    engine = InferenceEngine.create(EngineOptions.defaults(repository), EngineMetrics.NONE);
    engine.start().join();
    models =
        new TextModels(
            engine::metadata, engine::infer, engine.bufferPool(), TextEmbedder.DEFAULT_MAX_TOKENS);
  }

  @AfterAll
  static void close() throws InterruptedException {
    models.close();
    engine.drain();
    engine.close();
  }

  /** In the hub's layout, with a sentence-transformers model's files. */
  private static void folder(String name, String pooling, String prompts) throws IOException {
    Path folder = repository.resolve(name);
    Path unpacked = UNPACKED.resolve(name).toRealPath();
    Files.createDirectories(folder.resolve("onnx"));
    Files.createDirectories(folder.resolve("1_Pooling"));
    Files.createSymbolicLink(
        folder.resolve("onnx").resolve("model.onnx"), unpacked.resolve("model.onnx"));
    Files.createSymbolicLink(folder.resolve("tokenizer.json"), unpacked.resolve("tokenizer.json"));
    Files.writeString(
        folder.resolve("modules.json"),
        """
        [{"idx":0,"name":"0","path":"","type":"sentence_transformers.models.Transformer"},
         {"idx":1,"name":"1","path":"1_Pooling","type":"sentence_transformers.models.Pooling"},
         {"idx":2,"name":"2","path":"2_Normalize","type":"sentence_transformers.models.Normalize"}]
        """);
    Files.writeString(folder.resolve("1_Pooling").resolve("config.json"), pooling);
    Files.writeString(folder.resolve("config_sentence_transformers.json"), prompts);
    Files.writeString(
        folder.resolve("sentence_bert_config.json"),
        "{\"max_seq_length\":512,\"do_lower_case\":true}");
  }

  @Test
  void miniLm_isTheMean_alsoOf129To256Tokens() throws Exception {
    requireReference(MINI_LM, MiniLm.MODEL, MiniLm.TOKENIZER, Pooled.MEAN, "", null);
  }

  @Test
  void bge_isTheFirstToken() throws Exception {
    requireReference(
        BGE,
        UNPACKED.resolve(BGE).resolve("model.onnx"),
        UNPACKED.resolve(BGE).resolve("tokenizer.json"),
        Pooled.FIRST,
        "",
        null);
  }

  @Test
  void e5_isTheMean_behindItsPrompt() throws Exception {
    requireReference(
        E5,
        UNPACKED.resolve(E5).resolve("model.onnx"),
        UNPACKED.resolve(E5).resolve("tokenizer.json"),
        Pooled.MEAN,
        "query: ",
        "query");
  }

  private static void requireReference(
      String model,
      Path file,
      Path tokenizer,
      Pooled pooled,
      String prefix,
      @Nullable String prompt)
      throws Exception {
    List<String> texts = texts(model.equals(MINI_LM) ? 130 : 60);
    Map<String, double[]> reference = reference(file, tokenizer, pooled, prefix, texts);
    String asked = prompt == null ? null : models.model(model).settings().prompts().get(prompt);

    for (int index = 3; index < texts.size(); index += 4) {
      String text = texts.get(index);
      requireSame(reference, embed(model, List.of(text), asked).join().getFirst(), text);
    }
    List<float[]> inOneCall = embed(model, texts, asked).join();
    for (int index = 0; index < texts.size(); index++) {
      requireSame(reference, inOneCall.get(index), texts.get(index));
    }
    try (ExecutorService callers = Executors.newFixedThreadPool(CALLERS)) {
      List<CompletableFuture<Void>> calls = new ArrayList<>();
      for (int caller = 0; caller < CALLERS; caller++) {
        Random random = new Random(caller);
        calls.add(
            CompletableFuture.runAsync(
                () -> {
                  String text = texts.get(random.nextInt(texts.size()));
                  requireSame(
                      reference, embed(model, List.of(text), asked).join().getFirst(), text);
                },
                callers));
      }
      calls.forEach(CompletableFuture::join);
    }
  }

  private static CompletableFuture<List<float[]>> embed(
      String model, List<String> texts, @Nullable String prompt) {
    List<TextInput> inputs = texts.stream().<TextInput>map(TextInput.Characters::new).toList();
    return models
        .embed(
            model,
            null,
            inputs,
            described -> new EmbeddingOptions(prompt, null, true, 0),
            Deadline.NONE,
            null)
        .thenApply(Embeddings::vectors);
  }

  private static void requireSame(Map<String, double[]> reference, float[] vector, String text) {
    double[] expected = Objects.requireNonNull(reference.get(text));
    double dot = 0;
    double length = 0;
    for (int index = 0; index < vector.length; index++) {
      dot += expected[index] * vector[index];
      length += (double) vector[index] * vector[index];
    }
    assertThat(dot / Math.sqrt(length)).as(text).isGreaterThanOrEqualTo(0.9999);
    assertThat(length).as(text).isBetween(0.9999, 1.0001);
  }

  /** Of length 1, computed one by one. */
  private static Map<String, double[]> reference(
      Path file, Path tokenizer, Pooled pooled, String prefix, List<String> texts)
      throws OrtException, IOException {
    WordPieces pieces = new WordPieces(tokenizer);
    OrtEnvironment environment = OrtEnvironment.getEnvironment();
    Map<String, double[]> vectors = new HashMap<>();
    try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
      options.setIntraOpNumThreads(1);
      try (OrtSession session = environment.createSession(file.toString(), options)) {
        for (String text : texts) {
          long[] ids = pieces.encode(prefix + text);
          assertThat(ids.length).isLessThanOrEqualTo(256);
          vectors.put(text, vector(environment, session, ids, pooled));
        }
      }
    }
    return vectors;
  }

  private static double[] vector(
      OrtEnvironment environment, OrtSession session, long[] ids, Pooled pooled)
      throws OrtException {
    long[] shape = {1, ids.length};
    long[] ones = new long[ids.length];
    Arrays.fill(ones, 1);
    try (OnnxTensor tokens = OnnxTensor.createTensor(environment, LongBuffer.wrap(ids), shape);
        OnnxTensor mask = OnnxTensor.createTensor(environment, LongBuffer.wrap(ones), shape);
        OnnxTensor types =
            OnnxTensor.createTensor(environment, LongBuffer.wrap(new long[ids.length]), shape);
        OrtSession.Result result =
            session.run(
                Map.of("input_ids", tokens, "attention_mask", mask, "token_type_ids", types))) {
      float[][] hidden = ((float[][][]) result.get(0).getValue())[0];
      double[] vector = new double[hidden[0].length];
      int counted = pooled == Pooled.FIRST ? 1 : hidden.length;
      double squares = 0;
      for (int index = 0; index < vector.length; index++) {
        for (int token = 0; token < counted; token++) {
          vector[index] += hidden[token][index];
        }
        squares += vector[index] * vector[index];
      }
      for (int index = 0; index < vector.length; index++) {
        vector[index] /= Math.sqrt(squares);
      }
      return vector;
    }
  }

  /** Different ones, most of them short, every tenth longer up to that many words. */
  private static List<String> texts(int longest) {
    String[] words =
        ("the fleet serves models while a gateway balances requests over replicas, and quietly"
                + " unbelievable mornings arrive; nobody's tokenizer minds hyphen-ated words (or"
                + " brackets), 1984 numbers, e-mail addresses like someone@example.org, questions?"
                + " Yes! The harbour was misty. Lighthouses extraordinarily flickered: twice")
            .split(" ", -1);
    Random random = new Random(17);
    List<String> texts = new ArrayList<>();
    for (int text = 0; text < TEXTS; text++) {
      StringBuilder made = new StringBuilder("text " + text);
      int count = text % 10 == 9 ? longest * (text + 1) / TEXTS : 3 + text % 17;
      for (int word = 0; word < count; word++) {
        made.append(' ').append(words[random.nextInt(words.length)]);
      }
      texts.add(made.toString());
    }
    return texts;
  }
}
