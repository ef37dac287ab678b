package io.onnxfleet.engine.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.within;

import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.request.Deadline;
import io.onnxfleet.engine.request.InferenceResponse;
import io.onnxfleet.engine.tensor.BufferPool;
import io.onnxfleet.engine.tensor.DataType;
import io.onnxfleet.engine.tensor.Shape;
import io.onnxfleet.engine.tensor.TensorSpec;
import io.onnxfleet.engine.text.tokenization.MiniLm;
import io.onnxfleet.engine.text.tokenization.TextInput;
import io.onnxfleet.engine.text.tokenization.TextTokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TextEmbedderTest {
  private static final long CLS = 101;
  private static final long SEP = 102;

  private static TextTokenizer tokenizer;

  private final BufferPool pool = new BufferPool(1 << 20, 8 << 20);

  @BeforeAll
  static void open() {
    tokenizer = TextTokenizer.open(MiniLm.TOKENIZER);
  }

  @AfterAll
  static void close() {
    tokenizer.close();
  }

  @AfterEach
  void everythingIsReleased() {
    assertThat(pool.usage().buffersInUse()).isZero();
  }

  @Test
  void embed_isTheNormalizedMeanOfTheTokens() {
    FakeEncoder encoder = answering(FakeEncoder::completed);

    Embeddings embeddings = embed(encoder, text("hello world"));

    // [CLS] hello world [SEP]
    assertVector(embeddings.vectors().getFirst(), (101 + 7592 + 2088 + 102) / 4.0, 1);
    assertThat(embeddings.tokens()).isEqualTo(4);
    assertThat(encoder.rows)
        .containsExactly(
            new FakeEncoder.Row(
                Map.of(
                    "input_ids", List.of(CLS, 7592L, 2088L, SEP),
                    "attention_mask", List.of(1L, 1L, 1L, 1L),
                    "token_type_ids", List.of(0L, 0L, 0L, 0L)),
                List.of("last_hidden_state")));
  }

  @Test
  void embed_answersInTheOrderOfTheTexts() {
    Embeddings embeddings =
        embed(answering(FakeEncoder::completed), text("a"), text(""), tokens(1, 2, 3), text("b"));

    assertThat(embeddings.vectors()).hasSize(4);
    assertVector(embeddings.vectors().get(0), (101 + 1037 + 102) / 3.0, 1);
    assertVector(embeddings.vectors().get(1), (101 + 102) / 2.0, 1);
    assertVector(embeddings.vectors().get(2), (101 + 6 + 102) / 5.0, 1);
    assertVector(embeddings.vectors().get(3), (101 + 1038 + 102) / 3.0, 1);
    assertThat(embeddings.tokens()).isEqualTo(3 + 2 + 5 + 3);
  }

  @Test
  void embed_joinsWindowsByTheirNewTokens_whenTextIsLong() {
    FakeEncoder encoder = answering(FakeEncoder::completed);
    TextModel model = model(Map.of("max-sequence-length", "6", "window-overlap", "1"));

    Embeddings embeddings = embed(embedder(model, encoder), tokens(10, 20, 30, 40, 50, 60));

    // Four tokens fit: 10 20 30 40 and 40 50 60, the latter with two new ones.
    assertThat(encoder.rows.stream().map(FakeEncoder.Row::ids))
        .containsExactly(List.of(CLS, 10L, 20L, 30L, 40L, SEP), List.of(CLS, 40L, 50L, 60L, SEP));
    double first = (101 + 10 + 20 + 30 + 40 + 102) / 6.0;
    double second = (101 + 40 + 50 + 60 + 102) / 5.0;
    assertVector(embeddings.vectors().getFirst(), (4 * first + 2 * second) / 6, 1);
    assertThat(embeddings.tokens()).isEqualTo(8);
  }

  @Test
  void embed_sendsLongRowsFirst() {
    FakeEncoder encoder = answering(FakeEncoder::completed);

    embed(encoder, text("a"), text("a b c"), text("a b"));

    assertThat(encoder.rows.stream().map(row -> row.ids().size())).containsExactly(5, 4, 3);
  }

  /** What is made of a text's first windows is held until its last one has answered. */
  @Test
  void embed_sendsTheRowsOfATextTogether() {
    FakeEncoder encoder = answering(FakeEncoder::completed);
    TextModel model = model(Map.of("max-sequence-length", "6", "window-overlap", "1"));

    embed(
        embedder(model, encoder),
        tokens(9),
        tokens(10, 20, 30, 40, 50, 60),
        tokens(11, 21, 31, 41, 51, 61));

    assertThat(encoder.rows.stream().map(row -> row.ids().get(1)))
        .containsExactly(10L, 40L, 11L, 41L, 9L);
  }

  @Test
  void embed_leavesPaddingOut_whenModelAnswersIt() {
    FakeEncoder encoder =
        answering(
            (fake, row) ->
                CompletableFuture.completedFuture(
                    fake.response(row, Shape.of(1, 4, 2), 1, 1, 2, 1, 3, 1, 99, 99)));

    assertVector(embed(encoder, text("a")).vectors().getFirst(), 2, 1);
  }

  @Test
  void embed_padsWithAMask_whenModelHasAFixedLength() {
    FakeEncoder encoder = answering(FakeEncoder::completed);
    TextModel model =
        TextModel.of(
            "m",
            1,
            List.of(
                integers("input_ids", DataType.INT32, 5),
                integers("attention_mask", DataType.INT64, 5)),
            List.of(floats("last_hidden_state", -1, 5, 2)),
            Map.of("token-arrays", "accept"));

    Embeddings embeddings = embed(embedder(model, encoder), text("a"), tokens(1, 2, 3, 4));

    assertThat(encoder.rows.stream().map(FakeEncoder.Row::ids))
        .containsExactly(
            List.of(CLS, 1L, 2L, 3L, SEP),
            List.of(CLS, 3L, 4L, SEP, 0L),
            List.of(CLS, 1037L, SEP, 0L, 0L));
    assertThat(encoder.rows.getLast().inputs())
        .containsEntry("attention_mask", List.of(1L, 1L, 1L, 0L, 0L));
    assertVector(embeddings.vectors().getFirst(), (101 + 1037 + 102) / 3.0, 1);
  }

  @Test
  void embed_takesTheFirstToken_whenPoolingIsCls() {
    TextModel model = model(Map.of("pooling", "cls"));

    Embeddings embeddings = embed(embedder(model, answering(FakeEncoder::completed)), text("a b"));

    assertVector(embeddings.vectors().getFirst(), 101, 1);
  }

  @Test
  void embed_takesTheModelsVector_whenItPoolsItself() {
    TextModel model =
        TextModel.of(
            "m",
            1,
            List.of(integers("input_ids", DataType.INT64, -1)),
            List.of(floats("sentence_embedding", -1, 2)),
            Map.of());
    FakeEncoder encoder =
        answering(
            (fake, row) ->
                CompletableFuture.completedFuture(fake.response(row, Shape.of(1, 2), 3, 4)));

    assertThat(embed(embedder(model, encoder), text("a")).vectors().getFirst())
        .containsExactly(0.6f, 0.8f);
  }

  @Test
  void embed_keepsABoundedNumberOfRowsInFlight() {
    List<CompletableFuture<InferenceResponse>> held = new ArrayList<>();
    List<FakeEncoder.Row> rows = new ArrayList<>();
    FakeEncoder encoder = holding(held, rows);
    int count = TextCall.MAX_IN_FLIGHT + 3;

    var result = embedder(model(Map.of()), encoder).embed(texts(count), Deadline.NONE);

    assertThat(held).hasSize(TextCall.MAX_IN_FLIGHT);
    for (int index = 0; index < count; index++) {
      assertThat(result).isNotDone();
      assertThat(held).hasSize(Math.min(count, TextCall.MAX_IN_FLIGHT + index));
      held.get(index).complete(encoder.hidden(rows.get(index)));
    }
    assertThat(result.join().vectors()).hasSize(count);
  }

  @Test
  void embed_doesNotRecurse_whenThousandsOfWindowsAnswerAtOnce() {
    TextModel model = model(Map.of("max-sequence-length", "3", "window-overlap", "0"));
    int[] many = IntStream.generate(() -> 7).limit(20_000).toArray();

    Embeddings embeddings = embed(embedder(model, answering(FakeEncoder::completed)), tokens(many));

    assertVector(embeddings.vectors().getFirst(), (101 + 7 + 102) / 3.0, 1);
  }

  @Test
  void embed_dropsWhatIsInFlight_whenCancelled() {
    List<CompletableFuture<InferenceResponse>> held = new ArrayList<>();
    List<FakeEncoder.Row> rows = new ArrayList<>();
    FakeEncoder encoder = holding(held, rows);
    var result = embedder(model(Map.of()), encoder).embed(texts(300), Deadline.NONE);
    held.getFirst().complete(encoder.hidden(rows.getFirst()));

    result.cancel(true);

    int submitted = held.size();
    assertThat(held.stream().skip(1)).allMatch(CompletableFuture::isCancelled);
    assertThat(held).hasSize(submitted);
    assertThatExceptionOfType(CancellationException.class).isThrownBy(result::join);
  }

  @Test
  void embed_releasesLateAnswers_whenCancelled() {
    List<CompletableFuture<InferenceResponse>> held = new ArrayList<>();
    FakeEncoder encoder =
        answering(
            (_, _) -> {
              CompletableFuture<InferenceResponse> uncancellable =
                  new CompletableFuture<>() {
                    @Override
                    public boolean cancel(boolean mayInterruptIfRunning) {
                      return false;
                    }
                  };
              held.add(uncancellable);
              return uncancellable;
            });
    var result = embedder(model(Map.of()), encoder).embed(texts(3), Deadline.NONE);

    result.cancel(true);
    for (int index = 0; index < 3; index++) {
      held.get(index).complete(encoder.hidden(encoder.rows.get(index)));
    }

    assertThat(result).isCancelled();
  }

  @Test
  void embed_failsAsTheFirstRowDoes_andDropsTheOthers() {
    List<CompletableFuture<InferenceResponse>> held = new ArrayList<>();
    FakeEncoder encoder = holding(held, new ArrayList<>());
    var result = embedder(model(Map.of()), encoder).embed(texts(3), Deadline.NONE);

    held.get(1)
        .completeExceptionally(new InferenceException(ErrorCode.DEADLINE_EXCEEDED, "too late"));

    assertFailure(result, ErrorCode.DEADLINE_EXCEEDED, "too late");
    assertThat(held.get(0)).isCancelled();
    assertThat(held.get(2)).isCancelled();
  }

  @Test
  void embed_saysWhatWentWrong_whateverThePortDoes() {
    assertFailure(
        (_, _) -> {
          throw new IllegalStateException("defect");
        },
        ErrorCode.EXECUTION_FAILED,
        "defect");
    assertFailure(
        (_, _) -> {
          throw new InferenceException(ErrorCode.SHUTTING_DOWN, "going");
        },
        ErrorCode.SHUTTING_DOWN,
        "going");
    assertFailure(
        (_, _) -> CompletableFuture.failedFuture(new AssertionError("worse")),
        ErrorCode.EXECUTION_FAILED,
        "worse");
    assertFailure(
        (_, _) -> CompletableFuture.failedFuture(new CancellationException()),
        ErrorCode.CANCELLED,
        "cancelled");
    assertFailure(
        (fake, row) -> CompletableFuture.completedFuture(fake.response(row, Shape.of(1, 2), 3, 4)),
        ErrorCode.EXECUTION_FAILED,
        "the model answered FP32[1,2] (expected FP32[1,3,-1])");
    assertFailure(
        (fake, row) ->
            CompletableFuture.completedFuture(
                fake.response(row, Shape.of(1, 3, 1), 1, Float.NaN, 1)),
        ErrorCode.EXECUTION_FAILED,
        "NaN");
  }

  @Test
  void embed_failsAndReleases_whenMemoryIsUsedUp() {
    BufferPool small = new BufferPool(0, 256 * 5);
    FakeEncoder encoder = holding(new ArrayList<>(), new ArrayList<>());
    TextEmbedder embedder =
        new TextEmbedder(model(Map.of()), tokenizer, encoder, small, Integer.MAX_VALUE);

    // 60 tokens of 8 bytes need 512 bytes an input, and the third does not fit.
    var result = embedder.embed(List.of(text("word ".repeat(60))), Deadline.NONE);

    assertFailure(result, ErrorCode.MEMORY_EXHAUSTED, "tensor memory");
    assertThat(small.usage().buffersInUse()).isZero();
  }

  @Test
  void embed_triesARowAgain_whenTheQueueWasFull() {
    List<CompletableFuture<InferenceResponse>> queue = new ArrayList<>();
    List<FakeEncoder.Row> rows = new ArrayList<>();
    FakeEncoder encoder =
        answering(
            (_, row) -> {
              if (queue.size() >= 4) {
                return CompletableFuture.failedFuture(
                    new InferenceException(ErrorCode.QUEUE_FULL, "queue full"));
              }
              CompletableFuture<InferenceResponse> accepted = new CompletableFuture<>();
              queue.add(accepted);
              rows.add(row);
              return accepted;
            });

    var result = embedder(model(Map.of()), encoder).embed(texts(50), Deadline.NONE);
    int answered = 0;
    while (!queue.isEmpty()) {
      queue.removeFirst().complete(encoder.hidden(rows.removeFirst()));
      answered++;
    }

    assertThat(answered).isEqualTo(50);
    assertThat(result.join().vectors()).hasSize(50);
  }

  @Test
  void embed_isRefused_whenTheQueueTakesNoneOfIts() {
    assertFailure(
        (_, _) ->
            CompletableFuture.failedFuture(
                new InferenceException(ErrorCode.QUEUE_FULL, "queue full")),
        ErrorCode.QUEUE_FULL,
        "queue full");
  }

  @Test
  void embed_refuses_whenTokensAreNotOfTheVocabulary() {
    TextEmbedder embedder = embedder(model(Map.of()), answering(FakeEncoder::completed));

    assertFailure(
        embedder.embed(List.of(tokens(1, 30_522)), Deadline.NONE),
        ErrorCode.INVALID_INPUT,
        "input[0]: token 30522 (expected: 0 to 30521, the vocabulary of model 'm')");
    assertFailure(
        embedder.embed(List.of(tokens(-1)), Deadline.NONE), ErrorCode.INVALID_INPUT, "token -1");
  }

  @Test
  void embed_refuses_whenThereAreTooManyTokens() {
    TextEmbedder embedder =
        new TextEmbedder(model(Map.of()), tokenizer, answering(FakeEncoder::completed), pool, 10);

    assertThat(embedder.embed(List.of(text("a b c d e"), text("a b c d e")), Deadline.NONE).join())
        .isNotNull();
    assertFailure(
        embedder.embed(List.of(text("a b c d e"), text("a b c d e f")), Deadline.NONE),
        ErrorCode.REQUEST_TOO_LARGE,
        "6 tokens or more (expected: <= 5)");
    assertFailure(
        embedder.embed(List.of(tokens(new int[11])), Deadline.NONE),
        ErrorCode.REQUEST_TOO_LARGE,
        "11 tokens");
  }

  @Test
  void embed_takesTokens_thatStandBetweenThisVocabularysOwn() {
    FakeEncoder encoder = answering(FakeEncoder::completed);
    TextEmbedder embedder = embedder(model(Map.of("token-arrays", "refuse")), encoder);

    embed(embedder, tokens(101, 7592, 102));

    assertThat(encoder.rows.getFirst().ids()).containsExactly(CLS, 7592L, SEP);
    for (int[] ids : new int[][] {{9906, 1917}, {101, 7592}, {7592, 102}, {101}, {102, 101}}) {
      assertFailure(
          embedder.embed(List.of(text("a"), tokens(ids)), Deadline.NONE),
          ErrorCode.INVALID_INPUT,
          "input[1]: token ids that do not begin with [101] and end with [102]");
    }
  }

  @Test
  void embed_addsNoSpecialTokensTwice_whenAnyAreAccepted() {
    FakeEncoder encoder = answering(FakeEncoder::completed);

    embed(encoder, tokens(101, 7592, 102));

    assertThat(encoder.rows.getFirst().ids()).containsExactly(CLS, 7592L, SEP);
  }

  @Test
  void embed_asksAtThePriority_thatTheCallHas() {
    List<Integer> priorities = new ArrayList<>();
    FakeEncoder encoder = answering(FakeEncoder::completed);
    TextEmbedder embedder =
        embedder(
            model(Map.of()),
            request -> {
              priorities.add(request.priority());
              return encoder.infer(request);
            });

    embed(embedder, text("world"));
    embedder
        .embed(
            List.of(text("world")), new EmbeddingOptions(null, null, false, 3), Deadline.NONE, "me")
        .join();

    assertThat(priorities).containsExactly(0, 3);
  }

  @Test
  void embed_putsThePromptBefore_theAskedOrTheDefault() {
    FakeEncoder encoder = answering(FakeEncoder::completed);
    TextEmbedder embedder =
        embedder(model(Map.of("prompt.q", "hello ", "default-prompt", "q")), encoder);

    embed(embedder, text("world"));
    embedder
        .embed(
            List.of(text("world")), new EmbeddingOptions("", null, false, 0), Deadline.NONE, null)
        .join();
    embedder
        .embed(
            List.of(text("world")), new EmbeddingOptions("a ", null, false, 0), Deadline.NONE, null)
        .join();

    assertThat(encoder.rows.stream().map(FakeEncoder.Row::ids))
        .containsExactly(
            List.of(CLS, 7592L, 2088L, SEP),
            List.of(CLS, 2088L, SEP),
            List.of(CLS, 1037L, 2088L, SEP));
    assertFailure(
        embedder.embed(List.of(tokens(7592)), Deadline.NONE),
        ErrorCode.INVALID_INPUT,
        "input[0]: token ids, before which no prompt can go");
  }

  @Test
  void embed_leavesThePromptsTokensOut_whenTheFolderSaysSo() {
    TextModel model =
        model(Map.of("prompt.q", "hello", "default-prompt", "q", "include-prompt", "false"));

    Embeddings embeddings =
        embed(embedder(model, answering(FakeEncoder::completed)), text(" world"));

    // Of [CLS] hello world [SEP] the last two.
    assertVector(embeddings.vectors().getFirst(), (2088 + 102) / 2.0, 1);
  }

  @Test
  void embed_keepsTheLength_whenItIsNotToBeNormalized() {
    TextEmbedder embedder =
        embedder(model(Map.of("normalize", "false")), answering(FakeEncoder::completed));

    Embeddings raw = embed(embedder, text("a"));
    Embeddings unit =
        embedder
            .embed(
                List.of(text("a")), new EmbeddingOptions(null, true, false, 0), Deadline.NONE, null)
            .join();

    assertThat(raw.vectors().getFirst())
        .containsExactly(new float[] {(101 + 1037 + 102) / 3f, 1}, within(1e-3f));
    assertThat(raw.normalized()).isFalse();
    assertVector(unit.vectors().getFirst(), (101 + 1037 + 102) / 3.0, 1);
  }

  @Test
  void embed_fails_whenTheVectorIsAllZeros() {
    assertFailure(
        (fake, row) ->
            CompletableFuture.completedFuture(
                fake.response(row, Shape.of(1, 3, 2), 0, 0, 0, 0, 0, 0)),
        ErrorCode.EXECUTION_FAILED,
        "a vector of 2 zeros");
  }

  @Test
  void embed_refusesALongText_whenItIsNotToBeCut() {
    TextEmbedder embedder =
        embedder(model(Map.of("max-sequence-length", "4")), answering(FakeEncoder::completed));
    EmbeddingOptions whole = new EmbeddingOptions(null, null, true, 0);

    assertThat(embedder.embed(List.of(text("a b")), whole, Deadline.NONE, null).join().windows())
        .containsExactly(1);
    assertFailure(
        embedder.embed(List.of(text("a"), text("a b c")), whole, Deadline.NONE, null),
        ErrorCode.INVALID_INPUT,
        "input[1]: 5 tokens (expected: <= 4");
    assertThat(embed(embedder, text("a b c d e")).windows().getFirst()).isGreaterThan(1);
  }

  @Test
  void embed_suppliesPositions_andPadsAtTheStart_whenTheModelIsSoMade() {
    FakeEncoder encoder =
        answering(
            (fake, row) ->
                CompletableFuture.completedFuture(
                    fake.response(row, Shape.of(1, 5, 2), 9, 9, 9, 9, 1, 2, 3, 4, 5, 6)));
    TextModel model =
        TextModel.of(
            "m",
            1,
            List.of(
                integers("input_ids", DataType.INT64, 5),
                integers("attention_mask", DataType.INT64, 5),
                integers("position_ids", DataType.INT64, 5)),
            List.of(floats("last_hidden_state", -1, 5, 2)),
            Map.of(
                "position-offset",
                "2",
                "padding-side",
                "left",
                "pad-token",
                "1",
                "pooling",
                "lasttoken"));

    Embeddings embeddings = embed(embedder(model, encoder), text("a"));

    assertThat(encoder.rows.getFirst().inputs())
        .isEqualTo(
            Map.of(
                "input_ids", List.of(1L, 1L, CLS, 1037L, SEP),
                "attention_mask", List.of(0L, 0L, 1L, 1L, 1L),
                "position_ids", List.of(0L, 0L, 2L, 3L, 4L)));
    assertVector(embeddings.vectors().getFirst(), 5, 6);
  }

  @Test
  void embed_leavesOutThePromptsTokens_asTheyAreInLowerCase(@TempDir Path folder)
      throws IOException {
    Path file =
        Files.writeString(
            folder.resolve("tokenizer.json"),
            """
            {"version":"1.0","model":{"type":"Unigram","unk_id":0,"vocab":[["<unk>",-9.0],
             ["q",-1.0],["u",-1.0],["e",-1.0],["a",-1.0]]}}
            """);
    TextModel model = model(Map.of("lowercase", "true", "include-prompt", "false"));
    FakeEncoder encoder = answering(FakeEncoder::completed);
    try (TextEmbedder embedder =
        new TextEmbedder(model, TextTokenizer.open(file), encoder, pool, 100)) {
      EmbeddingOptions options = new EmbeddingOptions("QUE", null, false, 0);

      Embeddings embeddings =
          embedder.embed(List.of(text("A")), options, Deadline.NONE, null).join();

      assertThat(encoder.rows.getFirst().ids()).containsExactly(1L, 2L, 3L, 4L);
      assertVector(embeddings.vectors().getFirst(), 4, 1);
    }
  }

  @Test
  void embed_answersNothing_whenAskedNothing() {
    Embeddings embeddings = embed(answering(FakeEncoder::completed));

    assertThat(embeddings.vectors()).isEmpty();
    assertThat(embeddings.tokens()).isZero();
  }

  /** Its ids would be looked up in this model's table, and say something else. */
  @Test
  void constructor_refuses_whenTheTokenizerIsOfAnotherVocabulary() {
    int own = tokenizer.vocabularySize();
    for (int declared : new int[] {own / 2, own * 95 / 100, own * 112 / 100, 8 * own}) {
      assertThatExceptionOfType(InferenceException.class)
          .isThrownBy(() -> ofVocabulary(Integer.toString(declared)))
          .withMessageContaining("%d token ids (expected: about %d", own, declared);
    }
    for (String declared : List.of("any", "" + own, "" + own * 97 / 100, "" + own * 110 / 100)) {
      assertThat(ofVocabulary(declared).dimensions()).isEqualTo(2);
    }
  }

  private TextEmbedder ofVocabulary(String declared) {
    return embedder(model(Map.of("vocabulary", declared)), answering(FakeEncoder::completed));
  }

  @Test
  void constructor_refuses_whenAWindowHoldsOnlySpecialTokens() {
    assertThatExceptionOfType(InferenceException.class)
        .isThrownBy(
            () ->
                embedder(
                    model(Map.of("max-sequence-length", "2")), answering(FakeEncoder::completed)))
        .withMessageContaining("max-sequence-length: 2 (expected: > 2");
  }

  @Test
  void embed_isTheSame_whenManyCallsAnswerOnManyThreads() {
    try (ExecutorService threads = Executors.newFixedThreadPool(4)) {
      FakeEncoder encoder =
          answering((fake, row) -> CompletableFuture.supplyAsync(() -> fake.hidden(row), threads));
      TextEmbedder embedder =
          embedder(model(Map.of("max-sequence-length", "5", "window-overlap", "1")), encoder);
      List<TextInput> texts =
          IntStream.range(0, 40)
              .<TextInput>mapToObj(i -> tokens(IntStream.rangeClosed(1, i).toArray()))
              .toList();
      List<CompletableFuture<Embeddings>> calls =
          Stream.generate(() -> embedder.embed(texts, Deadline.NONE)).limit(50).toList();

      List<float[]> expected = calls.getFirst().join().vectors();
      for (CompletableFuture<Embeddings> call : calls) {
        for (int text = 0; text < texts.size(); text++) {
          assertThat(call.join().vectors().get(text))
              .containsExactly(expected.get(text), within(1e-6f));
        }
      }
    }
  }

  private void assertFailure(Answer answer, ErrorCode code, String message) {
    var result =
        embedder(model(Map.of()), answering(answer)).embed(List.of(text("a")), Deadline.NONE);
    assertFailure(result, code, message);
    assertThat(pool.usage().buffersInUse()).isZero();
  }

  private static void assertFailure(
      CompletableFuture<Embeddings> result, ErrorCode code, String message) {
    assertThatExceptionOfType(CompletionException.class)
        .isThrownBy(result::join)
        .havingCause()
        .isInstanceOfSatisfying(
            InferenceException.class, failure -> assertThat(failure.code()).isEqualTo(code))
        .withMessageContaining(message);
  }

  /** The direction of the two numbers, at length 1. */
  private static void assertVector(float[] vector, double x, double y) {
    double length = Math.sqrt(x * x + y * y);
    assertThat(vector).hasSize(2);
    assertThat((double) vector[0]).isCloseTo(x / length, within(1e-6));
    assertThat((double) vector[1]).isCloseTo(y / length, within(1e-6));
  }

  private Embeddings embed(FakeEncoder encoder, TextInput... texts) {
    return embed(embedder(model(Map.of()), encoder), texts);
  }

  private static Embeddings embed(TextEmbedder embedder, TextInput... texts) {
    return embedder.embed(Arrays.asList(texts), Deadline.NONE).join();
  }

  private TextEmbedder embedder(TextModel model, InferencePort encoder) {
    return new TextEmbedder(model, tokenizer, encoder, pool, Integer.MAX_VALUE);
  }

  /** Takes token ids too, unless the parameters say otherwise. */
  private static TextModel model(Map<String, String> said) {
    Map<String, String> parameters = new HashMap<>(said);
    parameters.putIfAbsent("token-arrays", "accept");
    List<TensorSpec> inputs =
        Stream.of("input_ids", "attention_mask", "token_type_ids")
            .map(name -> integers(name, DataType.INT64, -1))
            .toList();
    return TextModel.of(
        "m", 1, inputs, List.of(floats("last_hidden_state", -1, -1, 2)), parameters);
  }

  private static TensorSpec integers(String name, DataType dataType, long length) {
    return new TensorSpec(name, dataType, Shape.of(-1, length));
  }

  private static TensorSpec floats(String name, long... dims) {
    return new TensorSpec(name, DataType.FP32, Shape.of(dims));
  }

  private static List<TextInput> texts(int count) {
    return Collections.nCopies(count, text("a"));
  }

  private static TextInput text(String characters) {
    return new TextInput.Characters(characters);
  }

  private static TextInput tokens(int... ids) {
    return new TextInput.Tokens(ids);
  }

  /** What becomes of a request; {@link FakeEncoder#completed} by name. */
  private interface Answer {
    CompletableFuture<InferenceResponse> answer(FakeEncoder encoder, FakeEncoder.Row row);
  }

  private FakeEncoder answering(Answer answer) {
    return new FakeEncoder(pool) {
      @Override
      CompletableFuture<InferenceResponse> answer(Row row) {
        return answer.answer(this, row);
      }
    };
  }

  private FakeEncoder holding(
      List<CompletableFuture<InferenceResponse>> held, List<FakeEncoder.Row> rows) {
    return answering(
        (_, row) -> {
          CompletableFuture<InferenceResponse> answer = new CompletableFuture<>();
          held.add(answer);
          rows.add(row);
          return answer;
        });
  }
}
