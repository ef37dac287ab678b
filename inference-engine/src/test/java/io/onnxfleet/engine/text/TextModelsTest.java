package io.onnxfleet.engine.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.onnxfleet.engine.ModelMetadata;
import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.repository.ContentDigest;
import io.onnxfleet.engine.repository.ModelFolder;
import io.onnxfleet.engine.repository.ModelFolder.Version;
import io.onnxfleet.engine.request.Deadline;
import io.onnxfleet.engine.request.InferenceResponse;
import io.onnxfleet.engine.runtime.NodePlacement;
import io.onnxfleet.engine.tensor.BufferPool;
import io.onnxfleet.engine.tensor.DataType;
import io.onnxfleet.engine.tensor.Shape;
import io.onnxfleet.engine.tensor.TensorSpec;
import io.onnxfleet.engine.text.tokenization.MiniLm;
import io.onnxfleet.engine.text.tokenization.TextInput;
import io.onnxfleet.engine.text.tokenization.TextTokenizer;
import io.onnxfleet.testing.model.TinyModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TextModelsTest {
  private final BufferPool pool = BufferPool.ofDefaults();
  private final Map<String, ModelMetadata> served = new ConcurrentHashMap<>();
  private final FakeEncoder encoder =
      new FakeEncoder(pool) {
        @Override
        CompletableFuture<InferenceResponse> answer(Row row) {
          whileItRuns.run();
          return completed(row);
        }
      };
  private volatile Runnable whileItRuns = () -> {};
  private final TextModels models =
      new TextModels(this::metadata, encoder, pool, TextEmbedder.DEFAULT_MAX_TOKENS);

  private final List<String> prompts = new ArrayList<>();
  private @Nullable ModelMetadata older;

  @TempDir private Path folder;

  @BeforeEach
  void serveOne() throws IOException {
    Files.copy(MiniLm.TOKENIZER, folder.resolve("tokenizer.json"));
    TinyModel.times(2).writeTo(folder);
    serve("m", 1, Map.of());
  }

  @AfterEach
  void everythingIsReleased() {
    models.close();
    assertThat(pool.usage().buffersInUse()).isZero();
  }

  @Test
  void embed_opensAModel_whenItIsFirstAsked() {
    assertThat(embed("m")).isEqualTo(3);
    assertThat(embed("m")).isEqualTo(3);
    assertThat(models.model("m").dimensions()).isEqualTo(2);
  }

  @Test
  void embed_followsTheModel_whenItsConfigurationChanges() {
    embed("m");
    serve("m", 2, Map.of("max-sequence-length", "3", "window-overlap", "0"));

    models.embed("m", List.of(new TextInput.Characters("a b")), Deadline.NONE).join();

    assertThat(encoder.rows.stream().map(row -> row.ids().size())).containsExactly(3, 3, 3);
    assertThat(models.model("m").version()).isEqualTo(2);
  }

  @Test
  void embed_saysWhy_whenModelIsUnknownOrGone() {
    assertRefused("other", ErrorCode.MODEL_NOT_FOUND, "model 'other'");

    embed("m");
    served.remove("m");
    assertRefused("m", ErrorCode.MODEL_NOT_FOUND, "model 'm'");

    serve("m", 1, Map.of());
    assertThat(embed("m")).isEqualTo(3);
  }

  @Test
  void embed_saysWhy_whenModelHasNoTokenizer() throws IOException {
    Files.delete(folder.resolve("tokenizer.json"));
    serve("m", 1, Map.of());

    assertRefused(
        "m", ErrorCode.UNSUPPORTED_FEATURE, "does not serve text: no tokenizer.json beside it");
  }

  @Test
  void embed_readsATokenizerAgain_onlyWhenTheModelIsLoadedAnew() throws IOException {
    Path file = folder.resolve("tokenizer.json");
    byte[] good = Files.readAllBytes(file);
    Files.writeString(file, "{}");
    serve("m", 1, Map.of());
    assertRefused("m", ErrorCode.MODEL_LOAD_FAILED, "tokenizer.json: vocabulary");

    Files.write(file, good);
    assertRefused("m", ErrorCode.MODEL_LOAD_FAILED, "tokenizer.json: vocabulary");

    serve("m", 1, Map.of());
    assertThat(embed("m")).isEqualTo(3);
    Files.delete(file);
    assertThat(embed("m")).isEqualTo(3);
    serve("m", 1, Map.of());
    assertRefused("m", ErrorCode.UNSUPPORTED_FEATURE, "no tokenizer.json beside it");
  }

  @Test
  void embed_isRefused_whenTheTokenizerWasReplacedBetweenTheLoadAndItsOpening() throws IOException {
    Path file = folder.resolve("tokenizer.json");
    String good = Files.readString(file);
    Files.writeString(file, good.replace("\"[CLS]\"", "\"[cls]\""));

    assertRefused(
        "m",
        ErrorCode.MODEL_LOAD_FAILED,
        "tokenizer.json has changed since the model's files were looked at");
    serve("m", 1, Map.of());
    assertThat(embed("m")).as("loaded again").isPositive();
  }

  @Test
  void follow_opensWhatServesText_andDropsTheRest() throws IOException {
    serve("n", 1, Map.of("pooling", "best"));
    models.follow(List.of("m", "n", "unknown"));
    Files.delete(folder.resolve("tokenizer.json"));

    assertThat(embed("m")).isEqualTo(3);
    models.follow(List.of());
    assertRefused("m", ErrorCode.MODEL_LOAD_FAILED, "tokenizer.json");
  }

  /** Tokens of the old files and weights of the new ones make vectors of no model. */
  @Test
  void embed_isMadeAgain_whenTheVersionWasLoadedAnewMeanwhile() {
    Map<String, String> cased = Map.of("lowercase", "false");
    whileItRuns =
        () -> {
          whileItRuns = () -> {};
          serve("m", 1, cased);
        };

    Embeddings embeddings =
        models
            .embed(
                "m",
                null,
                List.of(new TextInput.Characters("word")),
                model -> {
                  prompts.add(model.model().settings().toString());
                  return EmbeddingOptions.DEFAULT;
                },
                Deadline.NONE,
                null)
            .join();

    assertThat(embeddings.tokens()).isEqualTo(3);
    assertThat(encoder.rows).as("runs, of which the first was thrown away").hasSize(2);
    assertThat(prompts).as("asked of each").hasSize(2);
  }

  @Test
  void embed_goesOn_whenAHigherVersionCameMeanwhile() {
    ModelMetadata first = served.get("m");
    whileItRuns = () -> serve("m", 2, Map.of());
    models.follow(List.of("m"));
    older = first;

    assertThat(embed("m")).isEqualTo(3);
    assertThat(encoder.rows).hasSize(1);
  }

  @Test
  void embed_isOfTheVersionThatIsNamed_whileAHigherOneServes() {
    older = served.get("m");
    serve("m", 2, Map.of("lowercase", "true"));

    for (long version : new long[] {1, 2, 1}) {
      assertThat(models.describe("m", version).model().version()).isEqualTo(version);
      assertThat(embed(version)).isEqualTo(3);
    }
    assertThat(models.model("m").version()).isEqualTo(2);
    assertThat(encoder.rows).hasSize(3);

    // Whatever followed, the older one is opened again for whoever names it, until it is gone.
    models.follow(List.of("m"));
    assertThat(embed(1)).isEqualTo(3);
    older = null;
    assertThatThrownBy(() -> embed(1)).hasMessageContaining("1");
    assertThat(embed("m")).isEqualTo(3);
  }

  private long embed(long version) {
    return models
        .embed(
            "m",
            version,
            List.of(new TextInput.Characters("word")),
            model -> {
              assertThat(model.model().version()).isEqualTo(version);
              return EmbeddingOptions.DEFAULT;
            },
            Deadline.NONE,
            null)
        .join()
        .tokens();
  }

  @Test
  void embed_isRefused_whenTheVersionIsLoadedAnewEachTime() {
    whileItRuns = () -> serve("m", 1, Map.of());

    assertRefused("m", ErrorCode.MODEL_NOT_READY, "loaded anew 4 times during the call");
  }

  @Test
  void embed_endsTheAttempt_whenItIsCancelled() throws InterruptedException {
    CompletableFuture<InferenceResponse> never = new CompletableFuture<>();
    CountDownLatch asked = new CountDownLatch(1);
    try (TextModels waiting =
        new TextModels(
            this::metadata,
            request -> {
              request.close();
              asked.countDown();
              return never;
            },
            pool,
            TextEmbedder.DEFAULT_MAX_TOKENS)) {
      CompletableFuture<Embeddings> call =
          waiting.embed("m", List.of(new TextInput.Characters("word")), Deadline.NONE);
      assertThat(asked.await(1, TimeUnit.MINUTES)).isTrue();
      call.cancel(true);
      assertThatExceptionOfType(CancellationException.class)
          .isThrownBy(() -> never.get(1, TimeUnit.MINUTES));
    }
  }

  @Test
  void tokenizer_isClosed_whateverKeepsItsModelFromServing() throws IOException {
    writeSmallTokenizer("12");
    Map<String, String> wrong = Map.of("vocabulary", "30522", "dense", "2_Dense");
    for (Map.Entry<String, String> parameter : wrong.entrySet()) {
      serve("m", 1, Map.ofEntries(parameter));
      List<TextTokenizer> opened = new ArrayList<>();
      try (TextModels failing =
          new TextModels(
              this::metadata,
              encoder,
              pool,
              TextEmbedder.DEFAULT_MAX_TOKENS,
              (files, file) -> {
                opened.add(TextTokenizer.open(files, file));
                return opened.getFirst();
              })) {
        assertThatThrownBy(() -> failing.model("m")).isInstanceOf(InferenceException.class);
      }
      assertThatThrownBy(() -> opened.getFirst().encode("a", 1)).hasMessageContaining("is closed");
    }
  }

  /** Each model holds memory for its longest row. */
  @Test
  void windows_areBounded_whateverLengthATokenizerSays() throws IOException {
    writeSmallTokenizer("2147483647");
    serve("m", 1, Map.of());
    assertThat(models.describe("m", null).windowLength()).isEqualTo(512);

    writeSmallTokenizer("131072");
    serve("m", 1, Map.of());
    assertThat(models.describe("m", null).windowLength()).isEqualTo(131_072);
  }

  private void writeSmallTokenizer(String length) throws IOException {
    Files.writeString(
        folder.resolve("tokenizer.json"),
        """
        {"version":"1.0",
         "truncation":{"direction":"Right","max_length":%s,"strategy":"LongestFirst","stride":0},
         "pre_tokenizer":{"type":"Whitespace"},
         "model":{"type":"WordLevel","vocab":{"a":0,"b":1},"unk_token":"a"}}
        """
            .formatted(length));
  }

  @Test
  void embed_isRefused_whenClosed() {
    embed("m");
    models.close();

    assertRefused("m", ErrorCode.SHUTTING_DOWN, "going away");
  }

  @Test
  void model_isRefused_whenAParameterMakesNoSense() {
    serve("m", 1, Map.of("max-sequence-length", "1"));

    assertThatExceptionOfType(InferenceException.class)
        .isThrownBy(() -> models.model("m"))
        .withMessageContaining("max-sequence-length: 1");
  }

  @Test
  void embed_answersEveryCall_whileTheModelIsReplaced() {
    try (ExecutorService threads = Executors.newFixedThreadPool(4)) {
      List<CompletableFuture<Long>> calls =
          IntStream.range(0, 400)
              .mapToObj(
                  call ->
                      CompletableFuture.supplyAsync(
                          () -> {
                            if (call % 20 == 0) {
                              serve("m", call, Map.of());
                            }
                            return embed("m");
                          },
                          threads))
              .toList();
      assertThat(calls.stream().map(CompletableFuture::join)).containsOnly(3L);
    }
  }

  private long embed(String model) {
    return models
        .embed(model, List.of(new TextInput.Characters("word")), Deadline.NONE)
        .join()
        .tokens();
  }

  private void assertRefused(String model, ErrorCode code, String message) {
    assertThatThrownBy(() -> embed(model))
        .cause()
        .isInstanceOfSatisfying(
            InferenceException.class, failure -> assertThat(failure.code()).isEqualTo(code))
        .hasMessageContaining(message);
  }

  private void serve(String name, long version, Map<String, String> parameters) {
    served.put(
        name,
        new ModelMetadata(
            name,
            List.of(version),
            version,
            ModelMetadata.PLATFORM,
            List.of(new TensorSpec("input_ids", DataType.INT64, Shape.of(-1, -1))),
            List.of(new TensorSpec("last_hidden_state", DataType.FP32, Shape.of(-1, -1, 2))),
            8,
            "cpu",
            List.of(),
            NodePlacement.UNKNOWN,
            1,
            parameters,
            folder,
            new Object(),
            content(version),
            Map.of()));
  }

  private ContentDigest content(long number) {
    Version version = new Version(number, folder.resolve("model.onnx"), null);
    return ContentDigest.of(new ModelFolder("m", folder, null, List.of(version), null), version);
  }

  private ModelMetadata metadata(String name, @Nullable Long version) {
    ModelMetadata first = older;
    if (first != null && version != null && version == first.version()) {
      return first;
    }
    ModelMetadata metadata = served.get(name);
    if (metadata == null || (version != null && version != metadata.version())) {
      throw new InferenceException(
          ErrorCode.MODEL_NOT_FOUND, "model '%s' (expected one of %s)".formatted(name, served));
    }
    return metadata;
  }
}
