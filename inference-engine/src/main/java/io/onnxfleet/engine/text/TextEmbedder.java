package io.onnxfleet.engine.text;

import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.request.Deadline;
import io.onnxfleet.engine.tensor.BufferPool;
import java.util.ArrayList;
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
 *   <li>A call holds at most {@link EmbeddingCall#MAX_IN_FLIGHT} rows' tensors at a time and at
 *       most {@code maxTokens} tokens; none once its future is done and its rows have returned.
 * </ul>
 *
 * <p>Thread-safe. {@link #close()} releases the tokenizer; calls that were tokenized before go on.
 */
public final class TextEmbedder implements AutoCloseable {
  /** Tokens of one call, unless said otherwise: about 4 MiB of English. */
  public static final int DEFAULT_MAX_TOKENS = 1 << 20;

  /** Window length where neither the model's parameters nor its tokenizer tell one. */
  static final int DEFAULT_LENGTH = 512;

  private final TextModel model;
  private final TextTokenizer tokenizer;
  private final TextRows rows;
  private final InferencePort port;
  private final int capacity;
  private final int overlap;
  private final int maxTokens;

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
    this.model = model;
    this.tokenizer = tokenizer;
    this.port = port;
    this.maxTokens = maxTokens;
    int length = windowLength(model, tokenizer);
    capacity = length - tokenizer.specialTokens().count();
    if (capacity < 1) {
      throw new InferenceException(
          ErrorCode.MODEL_LOAD_FAILED,
          "%s: %d (expected: > %d, the special tokens around a text)"
              .formatted(TextModel.MAX_SEQUENCE_LENGTH, length, tokenizer.specialTokens().count()));
    }
    overlap = Math.min(model.overlap(), capacity / 2);
    rows = new TextRows(model, tokenizer.specialTokens(), length, pool);
  }

  public TextModel model() {
    return model;
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
    InferencePort named = request -> port.infer(request.by(caller));
    try {
      List<long[]> tokens = tokenize(texts);
      long total = (long) texts.size() * tokenizer.specialTokens().count();
      List<List<TextWindow>> windows = new ArrayList<>(texts.size());
      for (long[] ids : tokens) {
        total += ids.length;
        windows.add(TextWindow.cut(ids.length, capacity, overlap));
      }
      return new EmbeddingCall(tokens, windows, total, model.pooling(), rows, named, deadline)
          .start();
    } catch (InferenceException refused) {
      return CompletableFuture.failedFuture(refused);
    }
  }

  private List<long[]> tokenize(List<TextInput> texts) {
    List<long[]> tokens = new ArrayList<>(texts.size());
    int left = maxTokens;
    for (TextInput text : texts) {
      long[] ids =
          switch (text) {
            case TextInput.Characters(String characters) -> tokenizer.encode(characters, left);
            case TextInput.Tokens(int[] given) -> checked(given, left);
          };
      tokens.add(ids);
      left -= ids.length;
    }
    return tokens;
  }

  private long[] checked(int[] given, int left) {
    TextTokenizer.requireAtMost(left, given.length);
    long[] ids = new long[given.length];
    for (int index = 0; index < given.length; index++) {
      if (given[index] < 0 || given[index] >= tokenizer.vocabularySize()) {
        throw InferenceException.invalidInput(
            "token: %d (expected: 0 to %d, the vocabulary of model '%s')",
            given[index], tokenizer.vocabularySize() - 1, model.name());
      }
      ids[index] = given[index];
    }
    return ids;
  }

  private static int windowLength(TextModel model, TextTokenizer tokenizer) {
    int length =
        model.maxLength().orElseGet(() -> tokenizer.declaredLength().orElse(DEFAULT_LENGTH));
    return model.fixedLength() > 0 ? Math.min(length, model.fixedLength()) : length;
  }

  @Override
  public void close() {
    tokenizer.close();
  }
}
