package io.onnxfleet.engine.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.within;

import io.onnxfleet.engine.EngineOptions;
import io.onnxfleet.engine.InferenceEngine;
import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.metrics.EngineMetrics;
import io.onnxfleet.engine.request.Deadline;
import io.onnxfleet.engine.text.classify.Classified;
import io.onnxfleet.engine.text.classify.Classifying;
import io.onnxfleet.engine.text.classify.WindowJoining;
import io.onnxfleet.engine.text.entities.Aggregation;
import io.onnxfleet.engine.text.entities.Entities;
import io.onnxfleet.engine.text.entities.Recognizing;
import io.onnxfleet.engine.text.rerank.Relevances;
import io.onnxfleet.engine.text.rerank.Reranking;
import io.onnxfleet.engine.text.similarity.Comparing;
import io.onnxfleet.engine.text.sparse.SparseVector;
import io.onnxfleet.engine.text.sparse.Weighing;
import io.onnxfleet.engine.text.tokenization.MiniLm;
import io.onnxfleet.engine.text.tokenization.TextInput;
import io.onnxfleet.engine.text.tokenization.TextWindow;
import io.onnxfleet.engine.text.tokenvectors.TokenEmbedding;
import io.onnxfleet.engine.text.tokenvectors.TokenEmbeddings;
import io.onnxfleet.engine.textsettings.RerankMethod;
import io.onnxfleet.testing.model.OnnxGraph;
import io.onnxfleet.testing.model.TinyTextModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Text tasks, whole: folder, tokenizer, windows and batches against what {@link WordPieces}, {@link
 * RawModel} and plain loops make of the same texts. The heads have seeded weights.
 */
class TextTasksTest {
  private static final String MINI_LM = "all-minilm-l6-v2";
  private static final String SENTIMENT =
      "{\"architectures\":[\"BertForSequenceClassification\"],\"model_type\":\"bert\","
          + "\"vocab_size\":30522,\"max_position_embeddings\":%d,%s}";
  private static final String THREE_LABELS =
      "\"id2label\":{\"0\":\"bad\",\"1\":\"fair\",\"2\":\"good\"}";
  private static final String TAGS =
      "\"id2label\":{\"0\":\"O\",\"1\":\"B-PER\",\"2\":\"I-PER\",\"3\":\"B-LOC\",\"4\":\"I-LOC\"}";
  private static final double CLOSE = 1e-4;

  @TempDir private static Path repository;
  private static InferenceEngine engine;
  private static TextModels models;
  private static WordPieces pieces;

  @BeforeAll
  static void load() throws IOException {
    Files.createSymbolicLink(repository.resolve(MINI_LM), MiniLm.FOLDER.toRealPath());
    write(
        "cross",
        TinyTextModel.ofTexts(12, 12.7f),
        SENTIMENT.formatted(512, "\"id2label\":{\"0\":\"LABEL_0\"}"));
    write(
        "cross-of-two",
        TinyTextModel.ofTexts(12, 11.7f, 0.9f),
        SENTIMENT.formatted(
            512,
            "\"id2label\":{\"0\":\"no\",\"1\":\"yes\"},\"sentence_transformers\":{\"version\":\"5\"}"));
    write(
        "short-cross",
        TinyTextModel.ofTexts(12, 3.3f),
        SENTIMENT.formatted(64, "\"id2label\":{\"0\":\"r\"}"));
    write(
        "classifier",
        TinyTextModel.ofTexts(8, 10.3f, 16.5f, 5.3f),
        SENTIMENT.formatted(64, THREE_LABELS));
    write(
        "multi-label",
        TinyTextModel.ofTexts(8, 10.3f, 16.5f, 5.3f),
        SENTIMENT.formatted(
            512, THREE_LABELS + ",\"problem_type\":\"multi_label_classification\""));
    write(
        "broken",
        TinyTextModel.ofTexts(8, Float.NaN, 1),
        SENTIMENT.formatted(512, "\"id2label\":{\"0\":\"no\",\"1\":\"yes\"}"));
    write(
        "tagger",
        TinyTextModel.ofTokens(3, 2, 0, 0, 0, 0),
        SENTIMENT.formatted(64, TAGS).replace("Sequence", "Token"));
    TinyTextModel.ofVocabulary(1000, 1).writeTo(repository, "weights");
    Path weights = repository.resolve("weights");
    Files.copy(MiniLm.TOKENIZER, weights.resolve("tokenizer.json"));
    Files.writeString(
        weights.resolve("config.pbtxt"),
        "parameters { key: \"task\" value { string_value: \"sparse\" } }\n");
    TinyTextModel.ofTokens(1, new float[8]).writeTo(repository, "prompted");
    Path prompted = repository.resolve("prompted");
    Files.copy(MiniLm.TOKENIZER, prompted.resolve("tokenizer.json"));
    Files.writeString(
        prompted.resolve("config.pbtxt"),
        """
        parameters { key: "task" value { string_value: "embed" } }
        parameters { key: "pooling" value { string_value: "mean" } }
        parameters { key: "output" value { string_value: "logits" } }
        parameters { key: "include-prompt" value { string_value: "false" } }
        """);
    TinyTextModel.ofTexts(12, 1, 2, 3).writeTo(repository, "pooled");
    Path pooled = repository.resolve("pooled");
    Files.copy(MiniLm.TOKENIZER, pooled.resolve("tokenizer.json"));
    Files.writeString(
        pooled.resolve("config.pbtxt"),
        """
        parameters { key: "task" value { string_value: "embed" } }
        parameters { key: "output" value { string_value: "logits" } }
        """);
    writePlain();
    engine = InferenceEngine.create(EngineOptions.defaults(repository), EngineMetrics.NONE);
    engine.start().join();
    models =
        new TextModels(
            engine::metadata, engine::infer, engine.bufferPool(), TextEmbedder.DEFAULT_MAX_TOKENS);
    pieces = new WordPieces(MiniLm.TOKENIZER);
  }

  /** A tokenizer that puts nothing around a text. */
  private static void writePlain() throws IOException {
    String tokenizer =
        """
        {"version":"1.0","model":{"type":"Unigram","unk_id":0,"vocab":[["<unk>",-9.0],[" ",-1.0],
         ["a",-1.0],["b",-1.0],["c",-1.0]]}}
        """;
    Path file = Files.writeString(repository.resolve("plain.json"), tokenizer);
    TinyTextModel.writeHub(
        repository.resolve("plain-classifier"),
        TinyTextModel.ofTexts(8, 10.3f, 16.5f, 5.3f),
        "{\"architectures\":[\"BertForSequenceClassification\"],%s}".formatted(THREE_LABELS),
        file);
    TinyTextModel.writeHub(
        repository.resolve("plain-cross"),
        TinyTextModel.ofTexts(12, 12.7f),
        "{\"architectures\":[\"BertForSequenceClassification\"],\"id2label\":{\"0\":\"r\"}}",
        file);
    TinyTextModel.writeHub(
        repository.resolve("plain-tagger"),
        TinyTextModel.ofTokens(3, 2, 0, 0, 0, 0),
        "{\"architectures\":[\"BertForTokenClassification\"],%s}".formatted(TAGS),
        file);
    TinyTextModel.ofTokens(1, new float[8]).writeTo(repository, "plain-vectors");
    Path vectors = repository.resolve("plain-vectors");
    Files.copy(file, vectors.resolve("tokenizer.json"));
    Files.writeString(
        vectors.resolve("config.pbtxt"),
        """
        parameters { key: "task" value { string_value: "embed" } }
        parameters { key: "pooling" value { string_value: "mean" } }
        parameters { key: "output" value { string_value: "logits" } }
        """);
  }

  private static void write(String name, OnnxGraph graph, String config) {
    TinyTextModel.writeHub(repository.resolve(name), graph, config, MiniLm.TOKENIZER);
  }

  @AfterAll
  static void close() throws InterruptedException {
    models.close();
    engine.drain();
    assertThat(engine.bufferPool().usage().buffersInUse()).isZero();
    engine.close();
  }

  @Test
  void task_isSaidByTheFolder() {
    assertThat(engine.metadata("cross", null).parameters())
        .containsEntry("task", "rerank")
        .containsEntry("task-source", "config.json: BertForSequenceClassification");
    assertThat(engine.metadata("cross-of-two", null).parameters()).containsEntry("task", "rerank");
    assertThat(engine.metadata("classifier", null).parameters())
        .containsEntry("task", "classify")
        .containsEntry("labels", "[\"bad\",\"fair\",\"good\"]");
    assertThat(engine.metadata("tagger", null).parameters())
        .containsEntry("task", "token-classify");
    assertThat(engine.metadata(MINI_LM, null).parameters()).containsEntry("task", "embed");
  }

  @Test
  void tasks_areRefused_byTheNameOfTheOneThatTheModelHas() {
    assertRefused(
        rerank("classifier", "a", List.of("b"), null),
        "model: 'classifier' has the task classify (expected rerank or embed)");
    assertRefused(
        classify("cross", WindowJoining.MEAN, "a"),
        "model: 'cross' has the task rerank (expected classify)");
    assertRefused(
        recognize(MINI_LM, Aggregation.SIMPLE, "a"),
        "model: 'all-minilm-l6-v2' has the task embed (expected token-classify)");
    assertRefused(
        models.embed("tagger", List.of(new TextInput.Characters("a")), Deadline.NONE),
        "model: 'tagger' has the task token-classify (expected embed)");
  }

  @Test
  void crossEncoder_readsPairs_aloneAndInCompany() throws Exception {
    for (String model : List.of("cross", "cross-of-two")) {
      List<String> documents = texts(60, 7);
      documents.add("");
      List<String> queries = texts(4, 3);
      List<CompletableFuture<Relevances>> company =
          queries.stream().map(query -> rerank(model, query, documents, null)).toList();
      try (RawModel raw = raw(model)) {
        List<Double> seen = new ArrayList<>();
        for (int query = 0; query < queries.size(); query++) {
          List<Relevances.Relevance> together = company.get(query).join().ofDocuments();
          for (int document = 0; document < documents.size(); document++) {
            float[] logits = pair(raw, queries.get(query), documents.get(document));
            double expected = logits.length == 1 ? logits[0] : logits[1] - logits[0];
            double score =
                logits.length == 1
                    ? 1 / (1 + Math.exp(-expected))
                    : Math.exp(logits[1]) / (Math.exp(logits[0]) + Math.exp(logits[1]));
            assertClose(together.get(document).raw(), expected);
            assertClose(together.get(document).score(), score);
            seen.add(together.get(document).score());
          }
          Relevances.Relevance alone =
              rerank(model, queries.get(query), documents.subList(0, 1), null)
                  .join()
                  .ofDocuments()
                  .getFirst();
          assertClose(alone.raw(), together.getFirst().raw());
        }
        assertThat(seen).anyMatch(score -> score < 0.05).anyMatch(score -> score > 0.95);
      }
    }
  }

  @Test
  void crossEncoder_putsTheQueryBeforeEachWindow_andTheBestCounts() throws Exception {
    String query = texts(1, 5).getFirst();
    String document = String.join(" ", texts(30, 11));
    long[] first = inside(pieces.encode(query));
    long[] second = inside(pieces.encode(document));
    int room = 64 - first.length - 3;
    double best = Double.NEGATIVE_INFINITY;
    List<TextWindow> windows = TextWindow.cut(second.length, room, Math.min(30, room / 2));
    try (RawModel raw = raw("short-cross")) {
      for (TextWindow window : windows) {
        float[] logits = pair(raw, first, Arrays.copyOfRange(second, window.from(), window.to()));
        best = Math.max(best, logits[0]);
      }
    }

    Relevances relevances = rerank("short-cross", query, List.of(document), null).join();

    assertThat(relevances.windows()).containsExactly(windows.size()).isNotEqualTo(List.of(1));
    assertClose(relevances.ofDocuments().getFirst().raw(), best);
  }

  @Test
  void rerank_refusesAQuery_thatIsLongerThanHalfOfAWindow() {
    String query = "word ".repeat(33);
    assertRefused(
        rerank("short-cross", query, List.of("a"), null),
        "query: 33 tokens (expected: <= 32, half of the 64 that model 'short-cross' takes)");
    assertThat(rerank("short-cross", "word ".repeat(32), List.of("a"), null).join()).isNotNull();
    assertRefused(
        rerank(MINI_LM, "word ".repeat(129), List.of("a"), null),
        "query: 129 tokens (expected: <= 128, half of the 256 that model 'all-minilm-l6-v2' takes)");
    for (String model : List.of("short-cross", MINI_LM)) {
      assertRefused(
          rerank(model, "\u0001", List.of("a"), null), "query: no tokens (expected: at least one)");
    }
  }

  @Test
  void refusals_nameTheArgument_thatTheTextStandsIn() {
    String tooLong = "word ".repeat(300);
    String tooMany = "word ".repeat(TextEmbedder.DEFAULT_MAX_TOKENS + 1);
    TextOptions refused = TextOptions.whole(0).with(TextOptions.Overlong.REFUSED);
    Reranking.Prompts none = new Reranking.Prompts("", "");
    Reranking reranking = new Reranking("a", List.of("b", tooLong), null);
    for (String model : List.of("short-cross", MINI_LM)) {
      assertRefusal(
          run(model, described -> reranking.of(described, none, refused)), "documents[1]: 30");
      assertRefusal(rerank(model, tooMany, List.of("a"), null), "query: 10");
      assertRefusal(rerank(model, "a", List.of("b", tooMany), null), "documents[1]: 10");
    }
    EmbeddingOptions whole = new EmbeddingOptions("", null, true, 0);
    assertRefusal(
        run(MINI_LM, described -> new Comparing("a", List.of("b", tooLong)).of(described, whole)),
        "targets[1]: 302 tokens");
    assertRefusal(
        run(MINI_LM, described -> new Comparing(tooLong, List.of("b")).of(described, whole)),
        "source: 302 tokens");
    assertRefusal(classify("classifier", WindowJoining.MEAN, "a", tooMany), "input[1]: 10");
  }

  private static void assertRefusal(CompletableFuture<?> answer, String begin) {
    assertThatExceptionOfType(CompletionException.class)
        .isThrownBy(answer::join)
        .havingCause()
        .isInstanceOf(InferenceException.class)
        .withMessageStartingWith(begin);
  }

  /**
   * Its tokens stand in each window: with little room behind them there is a row for each token.
   */
  @Test
  void pair_isRefused_whenItsFirstTextLeavesLittleRoomForASecondThatIsCut() {
    assertRefused(
        classifyPair("classifier", 60, 1000, TextOptions.Overlong.WINDOWS),
        "input[0]: 60 tokens of a pair's first text (expected: <= 32, half of the 64 that model"
            + " 'classifier' takes, where the second is cut into windows)");
    assertThat(classifyPair("classifier", 32, 1000, TextOptions.Overlong.WINDOWS).join().windows())
        .singleElement()
        .satisfies(windows -> assertThat(windows).isLessThan(100));
    assertThat(classifyPair("classifier", 60, 1, TextOptions.Overlong.WINDOWS).join().windows())
        .containsExactly(1);
    assertThat(classifyPair("classifier", 60, 1000, TextOptions.Overlong.CUT).join().windows())
        .containsExactly(1);
  }

  @Test
  void vectors_rerankByTheirTokens_orByTheirCosine() throws Exception {
    List<String> documents = texts(30, 23);
    documents.add("");
    String query = texts(1, 29).getFirst();
    try (RawModel raw = new RawModel(MiniLm.MODEL)) {
      float[][] asked = raw.tokens(pieces.encode(query));
      List<Relevances.Relevance> late =
          rerank(MINI_LM, query, documents, RerankMethod.LATE_INTERACTION).join().ofDocuments();
      List<Relevances.Relevance> cosine =
          rerank(MINI_LM, query, documents, RerankMethod.COSINE).join().ofDocuments();
      for (int index = 0; index < documents.size(); index++) {
        float[][] found = raw.tokens(pieces.encode(documents.get(index)));
        double expected = found.length == 2 ? -1 : nearness(asked, found);
        assertClose(late.get(index).raw(), expected);
        assertClose(late.get(index).score(), (1 + expected) / 2);
        assertClose(cosine.get(index).raw(), cosine(mean(asked), mean(found)));
      }
    }
  }

  /** As its pooling does. */
  @Test
  void lateInteraction_leavesPromptsOut_whereTheModelDoes() throws Exception {
    List<String> documents = texts(10, 43);
    documents.add("");
    String query = texts(1, 47).getFirst();
    Reranking.Prompts prompts = new Reranking.Prompts("query: ", "passage: ");
    List<Relevances.Relevance> found =
        rerank("prompted", query, documents, RerankMethod.LATE_INTERACTION, prompts, 1000)
            .join()
            .ofDocuments();
    try (RawModel raw = new RawModel(repository.resolve("prompted/1/model.onnx"))) {
      // [CLS], the prompt's two tokens, and then the text.
      float[][] asked = raw.tokens(pieces.encode("query: " + query));
      for (int index = 0; index < documents.size(); index++) {
        float[][] tokens = raw.tokens(pieces.encode("passage: " + documents.get(index)));
        double expected = tokens.length == 4 ? -1 : nearness(asked, tokens, 3);
        assertClose(found.get(index).raw(), expected);
      }
    }
    assertRefused(
        rerank(
            "prompted",
            "\u0001",
            List.of("a"),
            RerankMethod.LATE_INTERACTION,
            prompts,
            Integer.MAX_VALUE),
        "query: no tokens behind the prompt (expected: at least one)");
  }

  @Test
  void tokensThatAreWanted_areThoseOfTheDocument_whateverPromptGoesBefore() {
    Reranking.Prompts prompts = new Reranking.Prompts("query: ", "passage: ");
    List<Relevances.Relevance> whole =
        rerank(MINI_LM, "fruit", List.of("banana", "water"), null, prompts, Integer.MAX_VALUE)
            .join()
            .ofDocuments();
    List<Relevances.Relevance> cut =
        rerank(MINI_LM, "fruit", List.of("banana lake", "water tree"), null, prompts, 1)
            .join()
            .ofDocuments();

    assertThat(whole.getFirst().raw()).isGreaterThan(whole.get(1).raw() + 0.1);
    for (int index = 0; index < whole.size(); index++) {
      assertClose(cut.get(index).raw(), whole.get(index).raw());
    }
  }

  @Test
  void emptyTexts_areAnsweredOrRefusedByName_whereNothingStandsAroundThem() {
    for (RerankMethod method : RerankMethod.values()) {
      Relevances ranked = rerank("plain-vectors", "a b", List.of("", "b"), method).join();

      assertThat(ranked.ofDocuments().getFirst().score()).isZero();
      assertThat(ranked.ofDocuments().get(1).score()).isBetween(0.1, 1.0);
      assertThat(ranked.windows()).containsExactly(0, 1);
    }
    assertThat(rerank("plain-cross", "a b", List.of("", "b"), null).join().windows())
        .containsExactly(1, 1);
    assertThat(recognize("plain-tagger", Aggregation.SIMPLE, "").join().ofTexts())
        .containsExactly(List.of());
    assertRefused(
        classify("plain-classifier", WindowJoining.MEAN, "a", ""),
        "input[1]: no tokens (expected: at least one)");
    assertRefused(
        models.embed("plain-vectors", List.of(new TextInput.Characters("")), Deadline.NONE),
        "input[0]: no tokens (expected: at least one)");
    assertRefused(
        rerank("plain-vectors", "", List.of("a"), null),
        "query: no tokens (expected: at least one)");
  }

  @Test
  void similarity_isTheCosine_whereNothingSaysAnother() {
    var compared =
        models
            .run(
                question(MINI_LM),
                described ->
                    new Comparing("A man is eating.", List.of("Somebody eats.", "It rains."))
                        .of(described, EmbeddingOptions.DEFAULT))
            .join();
    List<float[]> vectors =
        models
            .embed(
                MINI_LM,
                List.of(
                    new TextInput.Characters("A man is eating."),
                    new TextInput.Characters("Somebody eats.")),
                Deadline.NONE)
            .join()
            .vectors();
    double dot = 0;
    for (int index = 0; index < vectors.getFirst().length; index++) {
      dot += vectors.get(0)[index] * vectors.get(1)[index];
    }
    assertThat(compared.scores()).hasSize(2);
    assertThat(compared.scores().getFirst()).isCloseTo(dot, within(1e-5));
    assertThat(compared.scores().get(1)).isLessThan(compared.scores().getFirst());
  }

  @Test
  void classifier_scoresAsItsFolderSays_aloneAndInCompany() throws Exception {
    List<String> texts = texts(80, 31);
    try (RawModel raw = raw("multi-label")) {
      for (String model : List.of("classifier", "multi-label")) {
        Classified together =
            classify(model, WindowJoining.MEAN, texts.toArray(String[]::new)).join();
        for (int text = 0; text < texts.size(); text++) {
          float[] logits =
              raw.logits(
                  pieces.encode(texts.get(text)), new long[pieces.encode(texts.get(text)).length]);
          List<Classified.Label> labels = together.labels(text, false, 3);
          for (Classified.Label label : labels) {
            int index = List.of("bad", "fair", "good").indexOf(label.name());
            double sum = 0;
            for (float logit : logits) {
              sum += Math.exp(logit);
            }
            assertClose(
                label.score(),
                model.equals("classifier")
                    ? Math.exp(logits[index]) / sum
                    : 1 / (1 + Math.exp(-logits[index])));
          }
          assertThat(labels).isSortedAccordingTo((a, b) -> Double.compare(b.score(), a.score()));
        }
        Classified alone = classify(model, WindowJoining.MEAN, texts.getFirst()).join();
        assertThat(alone.labels(0, true, 1).getFirst().score())
            .isCloseTo(together.labels(0, true, 1).getFirst().score(), within(1e-3));
      }
    }
  }

  @Test
  void classifier_joinsWindows_byMeanOrMaximum() throws Exception {
    String text = String.join(" ", texts(25, 37));
    long[] ids = inside(pieces.encode(text));
    List<TextWindow> windows = TextWindow.cut(ids.length, 62, 31);
    double[] sums = new double[3];
    double[] largest = {-1e9, -1e9, -1e9};
    try (RawModel raw = raw("classifier")) {
      for (TextWindow window : windows) {
        long[] row = enclosed(Arrays.copyOfRange(ids, window.from(), window.to()));
        float[] logits = raw.logits(row, new long[row.length]);
        for (int label = 0; label < 3; label++) {
          sums[label] += logits[label] / windows.size();
          largest[label] = Math.max(largest[label], logits[label]);
        }
      }
    }

    Classified mean = classify("classifier", WindowJoining.MEAN, text).join();
    Classified maximum = classify("classifier", WindowJoining.MAX, text).join();

    assertThat(mean.windows()).containsExactly(windows.size()).isNotEqualTo(List.of(1));
    for (int label = 0; label < 3; label++) {
      assertClose(mean.logits().getFirst()[label], sums[label]);
      assertClose(maximum.logits().getFirst()[label], largest[label]);
    }
  }

  @Test
  void scores_areAnError_whereTheyAreNoNumbers() {
    assertThatExceptionOfType(CompletionException.class)
        .isThrownBy(() -> classify("broken", WindowJoining.MEAN, "a").join())
        .havingCause()
        .isInstanceOfSatisfying(
            InferenceException.class,
            failure -> assertThat(failure.code()).isEqualTo(ErrorCode.EXECUTION_FAILED))
        .withMessage("the model answered NaN or Infinity (expected numbers)");
  }

  /** Each token by itself is what the model says of it, wherever windows begin and end. */
  @Test
  void tokens_areLabelledWhereTheyStand_onceInWhateverWindow() throws Exception {
    String text =
        "Ada \uD83D\uDE80 Lovelace\r\nre\u0301sume\u0301 of " + String.join(" ", texts(20, 41));
    Entities entities = recognize("tagger", Aggregation.NONE, text).join();

    assertThat(entities.windows()).isNotEqualTo(List.of(1));
    List<Entities.Entity> found = entities.ofTexts().getFirst();
    assertThat(found).isNotEmpty();
    assertThat(found).extracting(Entities.Entity::start).isSorted().doesNotHaveDuplicates();
    int[] points = text.codePoints().toArray();
    for (Entities.Entity each : found) {
      String word = new String(points, each.start(), each.end() - each.start());
      assertThat(word).isNotBlank().doesNotContain(" ").doesNotContain("\n");
      assertThat(each.score()).isBetween(0.2, 1.0);
    }
  }

  @Test
  void tokens_haveTheModelsLabels() throws Exception {
    String text = "Ada Lovelace lived in London and wrote programs for engines";
    long[] ids = pieces.encode(text);
    List<String> labels = List.of("O", "B-PER", "I-PER", "B-LOC", "I-LOC");
    List<String> expected = new ArrayList<>();
    try (RawModel raw = raw("tagger")) {
      float[][] logits = raw.tokens(ids);
      for (int token = 1; token < ids.length - 1; token++) {
        int best = 0;
        for (int label = 1; label < 5; label++) {
          best = logits[token][label] > logits[token][best] ? label : best;
        }
        if (best > 0) {
          expected.add(labels.get(best));
        }
      }
    }

    Entities entities = recognize("tagger", Aggregation.NONE, text).join();

    assertThat(entities.ofTexts().getFirst())
        .extracting(Entities.Entity::label)
        .containsExactlyElementsOf(expected);
  }

  /** Of a token that two windows hold, the one counts that shows more around it. */
  @Test
  void tokens_haveTheLabelsOfTheWindow_thatShowsMoreAroundThem() throws Exception {
    String text = String.join(" ", texts(20, 41));
    long[] ids = inside(pieces.encode(text));
    int[] margins = new int[ids.length];
    Arrays.fill(margins, -1);
    int[] best = new int[ids.length];
    List<TextWindow> windows = TextWindow.cut(ids.length, 62, 31);
    try (RawModel raw = raw("tagger")) {
      for (TextWindow window : windows) {
        float[][] logits =
            raw.tokens(enclosed(Arrays.copyOfRange(ids, window.from(), window.to())));
        for (int token = window.from(); token < window.to(); token++) {
          int margin = Math.min(token - window.from(), window.to() - 1 - token);
          if (margin > margins[token]) {
            margins[token] = margin;
            best[token] = best(logits[token - window.from() + 1]);
          }
        }
      }
    }
    List<String> labels = List.of("O", "B-PER", "I-PER", "B-LOC", "I-LOC");
    List<String> expected =
        Arrays.stream(best).filter(label -> label > 0).mapToObj(labels::get).toList();

    Entities entities = recognize("tagger", Aggregation.NONE, text).join();

    assertThat(windows).hasSizeGreaterThan(1);
    assertThat(entities.ofTexts().getFirst())
        .extracting(Entities.Entity::label)
        .containsExactlyElementsOf(expected);
  }

  @Test
  void tokens_haveTheModelsVectors_specialOnesAndPromptsIncluded() throws Exception {
    List<String> texts = texts(30, 61);
    texts.add("");
    TokenEmbeddings found = embedTokens(MINI_LM, EmbeddingOptions.DEFAULT, texts).join();
    long tokens = 0;
    try (RawModel raw = new RawModel(MiniLm.MODEL)) {
      for (int index = 0; index < texts.size(); index++) {
        long[] ids = pieces.encode(texts.get(index));
        tokens += ids.length;
        assertVectors(found.vectors().get(index), raw.tokens(ids));
      }
    }
    assertThat(found.tokens()).isEqualTo(tokens);
    assertThat(found.bytes()).isEqualTo(tokens * 384 * Float.BYTES);

    EmbeddingOptions prompt = new EmbeddingOptions("query: ", null, false, 0);
    try (RawModel raw = new RawModel(repository.resolve("prompted/1/model.onnx"))) {
      assertVectors(
          embedTokens("prompted", prompt, List.of("a man")).join().vectors().getFirst(),
          raw.tokens(pieces.encode("query: a man")));
    }
  }

  /** Special tokens stand around each window, and are told once. */
  @Test
  void tokens_haveTheVectorsOfTheWindow_thatShowsMoreAroundThem() throws Exception {
    long[] ids = inside(pieces.encode(String.join(" ", texts(90, 67))));
    List<TextWindow> windows = TextWindow.cut(ids.length, 254, TextModel.DEFAULT_OVERLAP);
    int[] margins = new int[ids.length];
    Arrays.fill(margins, -1);
    float[][] expected = new float[ids.length + 2][];
    try (RawModel raw = new RawModel(MiniLm.MODEL)) {
      for (TextWindow window : windows) {
        float[][] vectors =
            raw.tokens(enclosed(Arrays.copyOfRange(ids, window.from(), window.to())));
        expected[0] = window.from() == 0 ? vectors[0] : expected[0];
        expected[ids.length + 1] = vectors[vectors.length - 1];
        for (int token = window.from(); token < window.to(); token++) {
          int margin = Math.min(token - window.from(), window.to() - 1 - token);
          if (margin > margins[token]) {
            margins[token] = margin;
            expected[token + 1] = vectors[token - window.from() + 1];
          }
        }
      }
    }

    TokenEmbeddings found =
        embedTokens(MINI_LM, EmbeddingOptions.DEFAULT, List.of(String.join(" ", texts(90, 67))))
            .join();

    assertThat(found.windows()).containsExactly(windows.size());
    assertThat(windows).hasSizeGreaterThan(2);
    assertVectors(found.vectors().getFirst(), expected);
  }

  @Test
  void vectorsOfTokens_areRefused_whereThereAreNone_orTooMany() {
    assertRefused(
        embedTokens("pooled", EmbeddingOptions.DEFAULT, List.of("a")),
        "model: 'pooled' answers one vector a text (expected one that answers a vector a token)");
    assertRefused(
        embedTokens("weights", EmbeddingOptions.DEFAULT, List.of("a")),
        "model: 'weights' has the task sparse (expected embed)");
    long runs = executions(MINI_LM);
    assertThatExceptionOfType(CompletionException.class)
        .isThrownBy(
            embedTokens(MINI_LM, EmbeddingOptions.DEFAULT, List.of("a ".repeat(10_921)))::join)
        .havingCause()
        .isInstanceOfSatisfying(
            InferenceException.class,
            failure -> assertThat(failure.code()).isEqualTo(ErrorCode.REQUEST_TOO_LARGE))
        .withMessage(
            "input: 10923 tokens of 384 numbers each (expected: <= 4194304 numbers in all)");
    assertThat(executions(MINI_LM)).isEqualTo(runs);
  }

  private static long executions(String model) {
    return engine.statistics(model, null).getFirst().executionCount();
  }

  private static CompletableFuture<TokenEmbeddings> embedTokens(
      String model, EmbeddingOptions options, List<String> texts) {
    List<TextInput> inputs = texts.stream().<TextInput>map(TextInput.Characters::new).toList();
    return run(model, described -> new TokenEmbedding().of(described, inputs, options));
  }

  private static void assertVectors(float[][] actual, float[][] expected) {
    assertThat(actual.length).isEqualTo(expected.length);
    for (int token = 0; token < expected.length; token++) {
      assertThat(actual[token])
          .as("token %d", token)
          .containsExactly(expected[token], within((float) CLOSE));
    }
  }

  @Test
  void weights_areTheLogarithmsOfTheLargestLogits() throws Exception {
    String text = "Ada Lovelace lived in London";
    float[][] logits;
    try (RawModel raw = new RawModel(repository.resolve("weights/1/model.onnx"))) {
      logits = raw.tokens(pieces.encode(text));
    }

    SparseVector vector =
        run(
                "weights",
                described ->
                    new Weighing()
                        .of(
                            described,
                            List.of(new TextInput.Characters(text)),
                            EmbeddingOptions.DEFAULT))
            .join()
            .vectors()
            .getFirst();

    int at = 0;
    for (int index = 0; index < logits[0].length; index++) {
      double largest = 0;
      for (float[] token : logits) {
        largest = Math.max(largest, token[index]);
      }
      if (largest > 0) {
        assertThat(vector.indices()[at]).isEqualTo(index);
        assertClose(vector.values()[at++], Math.log(1 + largest));
      }
    }
    assertThat(vector.indices()).hasSize(at).isNotEmpty();
  }

  private static int best(float... logits) {
    int best = 0;
    for (int label = 1; label < logits.length; label++) {
      best = logits[label] > logits[best] ? label : best;
    }
    return best;
  }

  private static CompletableFuture<Relevances> rerank(
      String model, String query, List<String> documents, @Nullable RerankMethod method) {
    Reranking.Prompts none = new Reranking.Prompts("", "");
    return rerank(model, query, documents, method, none, Integer.MAX_VALUE);
  }

  private static CompletableFuture<Relevances> rerank(
      String model,
      String query,
      List<String> documents,
      @Nullable RerankMethod method,
      Reranking.Prompts prompts,
      int mostTokens) {
    Reranking reranking = new Reranking(query, documents, method);
    return run(
        model,
        described -> reranking.of(described, prompts, TextOptions.whole(0).withAtMost(mostTokens)));
  }

  private static CompletableFuture<Classified> classify(
      String model, WindowJoining joining, String... texts) {
    return run(
        model,
        described ->
            new Classifying(joining)
                .of(
                    described,
                    Arrays.stream(texts).<TextInput>map(TextInput.Characters::new).toList(),
                    TextOptions.whole(0)));
  }

  private static CompletableFuture<Classified> classifyPair(
      String model, int first, int second, TextOptions.Overlong overlong) {
    return run(
        model,
        described ->
            new Classifying(WindowJoining.MEAN)
                .of(
                    described,
                    List.of(
                        new TextInput.Pair("word ".repeat(first), "word ".repeat(second), false)),
                    TextOptions.whole(0).with(overlong)));
  }

  private static CompletableFuture<Entities> recognize(
      String model, Aggregation aggregation, String... texts) {
    return run(
        model,
        described ->
            new Recognizing(aggregation).of(described, List.of(texts), TextOptions.whole(0)));
  }

  private static <T> CompletableFuture<T> run(
      String model, Function<TextModels.Description, TextModels.Asked<T>> asked) {
    return models.run(question(model), asked);
  }

  private static TextModels.Question question(String model) {
    return new TextModels.Question(model, null, Deadline.NONE, null);
  }

  private static void assertRefused(CompletableFuture<?> answer, String message) {
    assertThatExceptionOfType(CompletionException.class)
        .isThrownBy(answer::join)
        .havingCause()
        .isInstanceOfSatisfying(
            InferenceException.class,
            failure -> assertThat(failure.code()).isEqualTo(ErrorCode.INVALID_INPUT))
        .withMessage(message);
  }

  private static void assertClose(double actual, double expected) {
    assertThat(actual).isCloseTo(expected, within(CLOSE * Math.max(1, Math.abs(expected))));
  }

  private static RawModel raw(String model) throws Exception {
    return new RawModel(repository.resolve(model).resolve("onnx").resolve("model.onnx"));
  }

  private static float[] pair(RawModel raw, String first, String second) {
    return pair(raw, inside(pieces.encode(first)), inside(pieces.encode(second)));
  }

  /** {@code [CLS] first [SEP] second [SEP]}, types 0 and 1. */
  private static float[] pair(RawModel raw, long[] first, long[] second) {
    long[] ids = joined(new long[] {101}, first, new long[] {102}, second, new long[] {102});
    long[] types = new long[ids.length];
    Arrays.fill(types, first.length + 2, types.length, 1);
    return raw.logits(ids, types);
  }

  private static long[] inside(long[] enclosed) {
    return Arrays.copyOfRange(enclosed, 1, enclosed.length - 1);
  }

  private static long[] enclosed(long[] ids) {
    return joined(new long[] {101}, ids, new long[] {102});
  }

  private static long[] joined(long[]... parts) {
    return Arrays.stream(parts).flatMapToLong(Arrays::stream).toArray();
  }

  private static double nearness(float[][] query, float[][] document) {
    return nearness(query, document, 1);
  }

  /** Of the tokens from that one on. */
  private static double nearness(float[][] query, float[][] document, int first) {
    double sum = 0;
    for (int token = first; token < query.length - 1; token++) {
      double nearest = -1;
      for (int other = first; other < document.length - 1; other++) {
        nearest = Math.max(nearest, cosine(doubles(query[token]), doubles(document[other])));
      }
      sum += nearest;
    }
    return sum / (query.length - 1 - first);
  }

  private static double[] doubles(float[] values) {
    return IntStream.range(0, values.length).mapToDouble(index -> values[index]).toArray();
  }

  private static double[] mean(float[][] tokens) {
    double[] mean = new double[tokens[0].length];
    for (float[] token : tokens) {
      for (int index = 0; index < mean.length; index++) {
        mean[index] += token[index] / tokens.length;
      }
    }
    return mean;
  }

  private static double cosine(double[] one, double[] other) {
    double dot = 0;
    double ones = 0;
    double others = 0;
    for (int index = 0; index < one.length; index++) {
      dot += one[index] * other[index];
      ones += one[index] * one[index];
      others += other[index] * other[index];
    }
    return dot / Math.sqrt(ones * others);
  }

  /** Of 3 to 20 words. */
  private static List<String> texts(int count, int seed) {
    String[] words =
        ("the fleet serves models while a gateway balances requests over replicas, and quietly"
                + " unbelievable mornings arrive; nobody's tokenizer minds hyphen-ated words (or"
                + " brackets), 1984 numbers, e-mail addresses like someone@example.org, questions?"
                + " Yes! The harbour was misty. Lighthouses extraordinarily flickered: twice")
            .split(" ", -1);
    Random random = new Random(seed);
    List<String> texts = new ArrayList<>();
    for (int text = 0; text < count; text++) {
      StringBuilder made = new StringBuilder();
      for (int word = 0; word < 3 + random.nextInt(18); word++) {
        made.append(words[random.nextInt(words.length)]).append(' ');
      }
      texts.add(made.toString().strip());
    }
    return texts;
  }
}
