package io.onnxfleet.engine.text;

import io.onnxfleet.engine.ModelMetadata;
import io.onnxfleet.engine.error.ErrorCategory;
import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.request.Deadline;
import io.onnxfleet.engine.tensor.BufferPool;
import io.onnxfleet.engine.text.pooling.DenseLayer;
import io.onnxfleet.engine.text.tokenization.TextInput;
import io.onnxfleet.engine.text.tokenization.TextTokenizer;
import io.onnxfleet.engine.text.tokenization.TokenizedTexts;
import io.onnxfleet.engine.text.tokenization.TokenizerThreads;
import io.onnxfleet.engine.text.tokenization.TokenizingCall;
import io.onnxfleet.engine.textsettings.ModelTask;
import io.onnxfleet.engine.textsettings.SideFiles;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The models that serve text, each opened once it is READY, and again whenever it was loaded anew:
 * a tokenizer that is overwritten changes nothing until then. What is opened has the content that
 * was looked at when the model was loaded, or is refused.
 *
 * <p>A text's vector is made by one load of the model: a call during which its version was replaced
 * is made again.
 *
 * <p>Keeps one tokenizer for each model's newest version, and until the next change one for each
 * older version that was asked for by its number. It is released when the model is found to be gone
 * or changed, and no call is being tokenized with it.
 *
 * <p>Thread-safe.
 */
public final class TextModels implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(TextModels.class);

  /** How often a call is made at most, if its model is replaced each time. */
  private static final int MOST_TRIES = 4;

  private static final Duration PAUSE = Duration.ofSeconds(1);

  private final Served served;
  private final InferencePort port;
  private final BufferPool pool;
  private final int maxTokens;
  private final Tokenizers tokenizers;

  /** Characters of a call that takes a few milliseconds at most. */
  private static final long SHORT = 8 << 10;

  private final TokenizerThreads threads =
      new TokenizerThreads(Runtime.getRuntime().availableProcessors());
  private final ConcurrentMap<OpenVersion, Opened> opened = new ConcurrentHashMap<>();
  private volatile boolean closed;

  /**
   * No model is open yet.
   *
   * @param served what serves
   * @param maxTokens of one call
   */
  public TextModels(Served served, InferencePort port, BufferPool pool, int maxTokens) {
    this(served, port, pool, maxTokens, TextTokenizer::open);
  }

  /** The same with other tokenizers. */
  TextModels(
      Served served, InferencePort port, BufferPool pool, int maxTokens, Tokenizers tokenizers) {
    this.served = served;
    this.port = port;
    this.pool = pool;
    this.maxTokens = maxTokens;
    this.tokenizers = tokenizers;
  }

  /** Opens the tokenizer of a file beside a model. */
  @FunctionalInterface
  interface Tokenizers {
    TextTokenizer open(SideFiles files, Path file);
  }

  private record OpenVersion(String model, long version) {}

  /** What serves now. */
  @FunctionalInterface
  public interface Served {
    /**
     * What is known of a version.
     *
     * @param version null for the highest READY one
     * @throws InferenceException if it is unknown or not READY
     */
    ModelMetadata metadata(String model, @Nullable Long version);
  }

  /**
   * How a model serves text; opens its tokenizer.
   *
   * @throws InferenceException if it is unknown, not ready, or serves no text
   */
  public TextModel model(String name) {
    return describe(name, null).model();
  }

  /**
   * The same with what is only known once its files are read.
   *
   * @param version null for the highest READY one
   * @throws InferenceException if it is unknown, not ready, or serves no text
   */
  public Description describe(String name, @Nullable Long version) {
    Opened lease = lease(name, version);
    try {
      return Description.of(lease.runner());
    } finally {
      lease.release();
    }
  }

  /**
   * How a model serves text.
   *
   * @param windowLength tokens of a window, special tokens included
   * @param dimensions of a vector, 0 if they are not declared
   */
  public record Description(TextModel model, int windowLength, int dimensions) {
    /**
     * Refuses a query that leaves too little room for what is compared with it.
     *
     * @throws InferenceException with {@link ErrorCode#INVALID_INPUT} above half of a window
     */
    public void requireQuery(int tokens) {
      TextRunner.requireQuery(tokens, windowLength, model.name());
    }

    private static Description of(TextRunner runner) {
      TextVersion version = runner.version();
      return new Description(version.model(), runner.windowLength(), version.dimensions());
    }
  }

  /**
   * {@link TextEmbedder#embed} with a model's highest READY version. Tokenized by threads of its
   * own, and no further once the answer is cancelled.
   */
  public CompletableFuture<Embeddings> embed(
      String name, List<TextInput> texts, Deadline deadline) {
    return embed(name, null, texts, model -> EmbeddingOptions.DEFAULT, deadline, null);
  }

  /**
   * The same with what else a caller asks for, and in that caller's name.
   *
   * @param version null for the highest READY one
   * @param options what is asked for of the model that makes the vectors; asked again if another
   *     takes its place. May throw an {@link InferenceException}
   */
  public CompletableFuture<Embeddings> embed(
      String name,
      @Nullable Long version,
      List<TextInput> texts,
      Function<Description, EmbeddingOptions> options,
      Deadline deadline,
      @Nullable String caller) {
    return run(
        new Question(name, version, deadline, caller),
        described -> {
          described.model().requireTask(ModelTask.EMBED);
          return options.apply(described).asked(described, texts);
        });
  }

  /**
   * Runs a task of any kind; made again if another load takes the model's place.
   *
   * @param asked what is asked for of the model that answers; asked again if another takes its
   *     place. May throw an {@link InferenceException}
   */
  public <T> CompletableFuture<T> run(Question question, Function<Description, Asked<T>> asked) {
    Call<T> call = new Call<>(question, asked);
    call.attempt(1);
    return call.result;
  }

  /**
   * What is known of a call before its model is.
   *
   * @param version null for the highest READY one
   * @param caller in whose name it is asked
   */
  public record Question(
      String name, @Nullable Long version, Deadline deadline, @Nullable String caller) {}

  /** What a call asks of a model that was found. */
  public record Asked<T>(List<TextInput> texts, TextOptions options, TextTask<T> task) {
    public Asked {
      texts = List.copyOf(texts);
    }
  }

  /**
   * The texts of tokens, made by threads of its own.
   *
   * @param tokens each below the vocabulary's size, or refused
   * @param skipSpecial true to leave special tokens out
   */
  public CompletableFuture<List<String>> detokenize(
      String name, @Nullable Long version, List<long[]> tokens, boolean skipSpecial) {
    Opened lease;
    try {
      lease = lease(name, version);
    } catch (InferenceException refused) {
      return CompletableFuture.failedFuture(refused);
    }
    TokenizingCall<List<String>> call =
        new TokenizingCall<>(lease.runner().detokenizing(tokens, skipSpecial), () -> true);
    CompletableFuture<List<String>> result = call.result();
    var _ = result.whenComplete((_, _) -> lease.release());
    try {
      threads.begin(call, tokens.stream().mapToLong(ids -> ids.length).sum() > SHORT);
    } catch (InferenceException refused) {
      result.completeExceptionally(refused);
    }
    return result;
  }

  /** A call that is made anew as long as its model is replaced meanwhile. */
  private final class Call<T> {
    private final Question question;
    private final Function<Description, Asked<T>> ask;
    private final CompletableFuture<T> result = new CompletableFuture<>();

    Call(Question question, Function<Description, Asked<T>> ask) {
      this.question = question;
      this.ask = ask;
    }

    void attempt(int number) {
      Opened lease;
      try {
        lease = lease(question.name(), question.version());
      } catch (InferenceException refused) {
        result.completeExceptionally(refused);
        return;
      }
      Asked<T> asked;
      try {
        asked = ask.apply(Description.of(lease.runner()));
      } catch (RuntimeException | Error failure) {
        lease.release();
        result.completeExceptionally(failure);
        return;
      }
      CompletableFuture<T> attempt = new CompletableFuture<>();
      var _ =
          result.whenComplete(
              (_, failure) -> {
                if (failure != null) {
                  attempt.cancel(true);
                }
              });
      var _ = attempt.whenComplete((answer, failure) -> finish(number, lease, answer, failure));
      tokenize(lease, asked, attempt);
    }

    /** The lease is held until the texts are tokenized. */
    private void tokenize(Opened lease, Asked<T> asked, CompletableFuture<T> attempt) {
      List<TextInput> texts = asked.texts();
      TextRunner runner = lease.runner();
      TokenizingCall<TokenizedTexts> call =
          new TokenizingCall<>(
              runner.tokenizing(texts, asked.options(), asked.task()::argument),
              () -> !attempt.isDone());
      var _ =
          call.result()
              .whenComplete(
                  (tokenized, failure) -> {
                    lease.release();
                    if (failure != null) {
                      attempt.completeExceptionally(failure);
                    } else if (!attempt.isDone()) {
                      begin(runner, tokenized, asked, attempt);
                    }
                  });
      try {
        threads.begin(call, isLong(texts));
      } catch (InferenceException refused) {
        lease.release();
        attempt.completeExceptionally(refused);
      }
    }

    private void begin(
        TextRunner runner, TokenizedTexts tokenized, Asked<T> asked, CompletableFuture<T> attempt) {
      try {
        relay(
            runner.run(
                tokenized, asked.task(), asked.options(), question.deadline(), question.caller()),
            attempt);
      } catch (RuntimeException | Error failure) {
        attempt.completeExceptionally(
            failure instanceof InferenceException known
                ? known
                : new InferenceException(
                    ErrorCode.EXECUTION_FAILED,
                    asked.task().name() + " failed: " + failure,
                    failure));
      }
    }

    private void finish(int number, Opened lease, @Nullable T answer, @Nullable Throwable failure) {
      // INVARIANT: while the lease's load serves, every row before was run by it.
      if (result.isDone() || !isReplaced(lease)) {
        end(answer, failure);
      } else if (number < MOST_TRIES) {
        // Not on this thread, which is a model's.
        Thread.ofVirtual().name("text-again").start(() -> attempt(number + 1));
      } else {
        end(
            null,
            InferenceException.retryable(
                ErrorCode.MODEL_NOT_READY,
                "model '%s' was loaded anew %d times during the call"
                    .formatted(question.name(), number),
                PAUSE));
      }
    }

    private void end(@Nullable T answer, @Nullable Throwable failure) {
      if (answer != null) {
        result.complete(answer);
      } else {
        result.completeExceptionally(
            failure == null ? new IllegalStateException("no answer") : failure);
      }
    }

    /** True if another load serves under the version's number. */
    private boolean isReplaced(Opened lease) {
      try {
        return !served.metadata(question.name(), lease.version).load().equals(lease.load);
      } catch (InferenceException gone) {
        return false;
      }
    }
  }

  /** Who gives the answer up gives up what it comes from. */
  private static <T> void relay(CompletableFuture<T> from, CompletableFuture<T> to) {
    var _ =
        from.whenComplete(
            (answer, failure) -> {
              if (failure != null) {
                to.completeExceptionally(failure);
              } else {
                to.complete(answer);
              }
            });
    var _ =
        to.whenComplete(
            (_, failure) -> {
              if (failure != null) {
                from.cancel(true);
              }
            });
  }

  private static boolean isLong(List<TextInput> texts) {
    long characters = 0;
    for (TextInput text : texts) {
      characters +=
          switch (text) {
            case TextInput.Characters(String string) -> string.length();
            case TextInput.Prompted(String prompt, String string) ->
                prompt.length() + string.length();
            case TextInput.Pair(String first, String second, _) -> first.length() + second.length();
            case TextInput.Tokens _ -> 0;
          };
    }
    return characters > SHORT;
  }

  /**
   * Opens those of the READY models that serve text, so that a first request need not wait for it,
   * and drops what is not the newest version of one of them.
   */
  public void follow(Collection<String> ready) {
    for (OpenVersion each : List.copyOf(opened.keySet())) {
      if (!ready.contains(each.model()) || !isNewest(each)) {
        drop(each);
      }
    }
    for (String name : ready) {
      try {
        lease(name, null).release();
      } catch (InferenceException refused) {
        if (refused.code() == ErrorCode.MODEL_LOAD_FAILED) {
          log.warn("model '{}' serves no text: {}", name, refused.getMessage());
        }
      }
    }
  }

  private boolean isNewest(OpenVersion version) {
    try {
      return served.metadata(version.model(), null).version() == version.version();
    } catch (InferenceException gone) {
      return false;
    }
  }

  /** The opened model, which stays open until the lease is released. */
  private Opened lease(String name, @Nullable Long version) {
    if (closed) {
      throw new InferenceException(ErrorCode.SHUTTING_DOWN, "this replica is going away");
    }
    ModelMetadata metadata;
    try {
      metadata = served.metadata(name, version);
    } catch (InferenceException failure) {
      if (failure.code().category() != ErrorCategory.INVALID_REQUEST) {
        opened.keySet().stream()
            .filter(each -> each.model().equals(name))
            .filter(each -> version == null || each.version() == version)
            .toList()
            .forEach(this::drop);
      }
      throw failure;
    }
    Opened model =
        opened.compute(
            new OpenVersion(name, metadata.version()),
            (_, before) -> {
              if (before != null && before.load.equals(metadata.load())) {
                return before.retain();
              }
              Opened now = open(metadata).retain();
              if (before != null) {
                before.release();
              }
              return now;
            });
    if (model.failure != null) {
      model.release();
      throw model.failure;
    }
    return model;
  }

  private void drop(OpenVersion version) {
    Opened gone = opened.remove(version);
    if (gone != null) {
      gone.release();
    }
  }

  /** What cannot be used is remembered, or each request would read it again. */
  private Opened open(ModelMetadata metadata) {
    try {
      TextModel model =
          TextModel.of(
              metadata.name(),
              metadata.version(),
              metadata.inputs(),
              metadata.outputs(),
              metadata.parameters());
      SideFiles files = SideFiles.of(metadata.folder(), metadata.content());
      Path file =
          files
              .find(TextTokenizer.FILE_NAME)
              .orElseThrow(
                  () ->
                      TextModel.notText(
                          metadata.name(), "no %s beside it".formatted(TextTokenizer.FILE_NAME)));
      return new Opened(metadata, runner(model, files, tokenizers.open(files, file)), null);
    } catch (InferenceException failure) {
      return new Opened(metadata, null, failure);
    }
  }

  /** One that owns the tokenizer, which is closed if there is none. */
  private TextRunner runner(TextModel model, SideFiles files, TextTokenizer tokenizer) {
    boolean isOwned = false;
    try {
      List<DenseLayer> layers =
          model.settings().dense().stream().map(folder -> DenseLayer.read(files, folder)).toList();
      TextRunner runner =
          new TextRunner(new TextVersion(model, layers), tokenizer, port, pool, maxTokens);
      isOwned = true;
      return runner;
    } finally {
      if (!isOwned) {
        tokenizer.close();
      }
    }
  }

  /** Drops all models; what asks for one from now on is refused. */
  @Override
  public void close() {
    closed = true;
    threads.close();
    List.copyOf(opened.keySet()).forEach(this::drop);
  }

  /**
   * A runner, or why there is none, and how many hold it: the map and each lease. It belongs to one
   * load of the model: what files become after it counts at the next.
   */
  private static final class Opened {
    private final long version;
    private final Object load;
    private final @Nullable TextRunner runner;
    private final @Nullable InferenceException failure;
    private final AtomicInteger holders = new AtomicInteger(1);

    Opened(ModelMetadata of, @Nullable TextRunner runner, @Nullable InferenceException failure) {
      this.version = of.version();
      this.load = of.load();
      this.runner = runner;
      this.failure = failure;
    }

    TextRunner runner() {
      if (runner == null) {
        throw new IllegalStateException("a failed opening is not leased");
      }
      return runner;
    }

    /** Only while the map holds it, inside the map's computation: it is not closed yet. */
    Opened retain() {
      holders.incrementAndGet();
      return this;
    }

    void release() {
      if (holders.decrementAndGet() == 0 && runner != null) {
        runner.close();
      }
    }
  }
}
