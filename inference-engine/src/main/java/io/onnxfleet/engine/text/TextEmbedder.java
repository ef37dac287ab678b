package io.onnxfleet.engine.text;

import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.request.Deadline;
import io.onnxfleet.engine.tensor.BufferPool;
import io.onnxfleet.engine.text.tokenization.TextInput;
import io.onnxfleet.engine.text.tokenization.TextTokenizer;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * Makes vectors of texts with one model version.
 *
 * <ul>
 *   <li>Every token of a text counts: what the model cannot take at once is cut into overlapping
 *       windows, whose vectors are joined by the tokens that each adds.
 *   <li>A text's vector is the same alone and in company, but for rounding.
 *   <li>A call holds at most {@link TextCall#MAX_IN_FLIGHT} rows' tensors at a time and at most
 *       {@code maxTokens} tokens; none once its future is done and its rows have returned.
 * </ul>
 *
 * <p>Thread-safe. {@link #close()} releases the tokenizer; calls that were tokenized before go on.
 */
public final class TextEmbedder implements AutoCloseable {
  /** Tokens of one call, unless said otherwise: about 4 MiB of English. */
  public static final int DEFAULT_MAX_TOKENS = 1 << 20;

  private final TextRunner runner;

  /**
   * An embedder that owns its tokenizer from now on.
   *
   * @throws InferenceException with {@link ErrorCode#MODEL_LOAD_FAILED} if a window could not hold
   *     even one token; the tokenizer stays the caller's then
   */
  public TextEmbedder(
      TextModel model,
      TextTokenizer tokenizer,
      InferencePort port,
      BufferPool pool,
      int maxTokens) {
    runner = new TextRunner(new TextVersion(model, List.of()), tokenizer, port, pool, maxTokens);
  }

  public TextModel model() {
    return runner.version().model();
  }

  /** Tokens of a window, special tokens included. */
  public int windowLength() {
    return runner.windowLength();
  }

  /** Numbers of a vector, 0 if the model does not declare them. */
  public int dimensions() {
    return runner.version().dimensions();
  }

  /**
   * Tokenizes on this thread, then embeds. The future completes with an {@link InferenceException}
   * if any text fails; cancelling it drops the rows that have not started.
   */
  public CompletableFuture<Embeddings> embed(List<TextInput> texts, Deadline deadline) {
    return embed(texts, deadline, null);
  }

  /** The same in that caller's name. */
  public CompletableFuture<Embeddings> embed(
      List<TextInput> texts, Deadline deadline, @Nullable String caller) {
    return embed(texts, EmbeddingOptions.DEFAULT, deadline, caller);
  }

  /** The same with what else that caller asks for. */
  public CompletableFuture<Embeddings> embed(
      List<TextInput> texts, EmbeddingOptions options, Deadline deadline, @Nullable String caller) {
    try {
      EmbeddingTask task = new EmbeddingTask(options.normalize());
      TextRunner.Tokenizing work = runner.tokenizing(texts, options.ofTexts(), task::argument);
      while (work.advance()) {
        // A piece at a time.
      }
      return runner.run(work.finish(), task, options.ofTexts(), deadline, caller);
    } catch (InferenceException refused) {
      return CompletableFuture.failedFuture(refused);
    }
  }

  @Override
  public void close() {
    runner.close();
  }
}
