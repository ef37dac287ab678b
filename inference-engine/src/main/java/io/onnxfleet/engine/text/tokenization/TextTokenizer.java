package io.onnxfleet.engine.text.tokenization;

import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.file.TextFile;
import io.onnxfleet.engine.textsettings.SideFiles;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.OptionalInt;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.LongFunction;

/**
 * A model's {@code tokenizer.json}, loaded. It neither truncates nor pads, whatever the file says:
 * every token of a text comes out.
 *
 * <p>Text is encoded {@value #PIECE} characters at a time, cut before white space, because the
 * library's effort and memory grow faster than the text; how long one is, is bounded by the caller.
 * Words that are too long for the model are shortened, or refused ({@link LongWords}).
 *
 * <p>Thread-safe. {@link #close()} waits for the encodings under way; later ones are refused.
 */
public final class TextTokenizer implements AutoCloseable {
  /** The name of the file beside the model. */
  public static final String FILE_NAME = SideFiles.TOKENIZER;

  public static final int PIECE = 1 << 15;
  private static final int MOST_BYTES = 256 << 20;

  private final TokenizersLibrary library;
  private final ReentrantReadWriteLock lock = new ReentrantReadWriteLock();
  private final SpecialTokens specialTokens;
  private final LongWords longWords;
  private final int vocabularySize;
  private final boolean padsLeft;
  private final OptionalInt declaredLength;

  /** The tokenizer in native memory; 0 once closed. Encoding needs the read lock, closing both. */
  @GuardedBy("lock")
  private long handle;

  private TextTokenizer(TokenizersLibrary library, long handle, TokenizerFile said) {
    this.library = library;
    this.handle = handle;
    this.vocabularySize = said.vocabularySize();
    this.padsLeft = said.padsLeft();
    this.longWords = said.longWords();
    // The library takes a fixed length of padding for one at which texts are cut.
    int longest = said.longestText();
    declaredLength = longest > 0 ? OptionalInt.of(longest) : OptionalInt.empty();
    library.disableTruncation(handle);
    library.disablePadding(handle);
    specialTokens = readSpecialTokens();
  }

  /**
   * Loads a file.
   *
   * @throws InferenceException with {@link ErrorCode#MODEL_LOAD_FAILED} if it cannot be used
   */
  public static TextTokenizer open(Path file) {
    return open(String.valueOf(file.getFileName()), () -> TextFile.read(file));
  }

  /** The same of a file beside a model. */
  public static TextTokenizer open(SideFiles files, Path file) {
    return open(
        String.valueOf(file.getFileName()), () -> TextFile.text(files.read(file, MOST_BYTES)));
  }

  /** Reads a file. */
  @FunctionalInterface
  private interface Reading {
    String read() throws IOException;
  }

  private static TextTokenizer open(String name, Reading file) {
    TokenizersLibrary library = TokenizerLibrary.load();
    long handle = 0;
    try {
      String json = file.read();
      TokenizerFile said = TokenizerFile.read(json);
      handle = library.createTokenizerFromString(json);
      return new TextTokenizer(library, handle, said);
    } catch (InferenceException refused) {
      throw refused;
    } catch (IOException | RuntimeException failure) {
      if (handle != 0) {
        library.deleteTokenizer(handle);
      }
      throw new InferenceException(
          ErrorCode.MODEL_LOAD_FAILED,
          "%s: %s (expected a Hugging Face tokenizer)".formatted(name, failure.getMessage()),
          failure);
    }
  }

  /** Token ids are 0 to one less than this. */
  public int vocabularySize() {
    return vocabularySize;
  }

  /** True if the file would fill texts up at their start. */
  public boolean padsLeft() {
    return padsLeft;
  }

  /** The length at which the file would truncate, special tokens included. */
  public OptionalInt declaredLength() {
    return declaredLength;
  }

  /**
   * The tokens of a text, all of them, without special ones around it.
   *
   * @throws InferenceException with {@link ErrorCode#REQUEST_TOO_LARGE} if there are more than
   *     {@code maxTokens}
   */
  public long[] encode(String text, int maxTokens) {
    Pieces pieces = pieces(text, maxTokens);
    while (!pieces.isDone()) {
      pieces.advance();
    }
    return pieces.tokens();
  }

  /** The same piece by piece. */
  public Pieces pieces(String text, int maxTokens) {
    return new Pieces(longWords.bounded(text), maxTokens);
  }

  /** A text while it is encoded. Not thread-safe. */
  public final class Pieces {
    private final String text;
    private final int maxTokens;
    private int from;
    private boolean done;
    private long[] tokens = {};
    private int count;

    private Pieces(String text, int maxTokens) {
      this.text = text;
      this.maxTokens = maxTokens;
    }

    public boolean isDone() {
      return done;
    }

    /**
     * Encodes the next piece.
     *
     * @return its characters
     * @throws InferenceException with {@link ErrorCode#REQUEST_TOO_LARGE} if there are more than
     *     {@code maxTokens}
     */
    public int advance() {
      int to = text.length() <= PIECE ? text.length() : endOfPiece(text, from);
      long[] piece = encodePiece(text.substring(from, to));
      requireAtMost(maxTokens, count + (long) piece.length);
      if (count == 0) {
        tokens = piece;
      } else {
        if (count + piece.length > tokens.length) {
          tokens = Arrays.copyOf(tokens, Math.max(count + piece.length, tokens.length * 2));
        }
        System.arraycopy(piece, 0, tokens, count, piece.length);
      }
      count += piece.length;
      int length = to - from;
      from = to;
      done = to == text.length();
      return length;
    }

    /** The tokens of the pieces so far. */
    public long[] tokens() {
      return count == tokens.length ? tokens : Arrays.copyOf(tokens, count);
    }
  }

  /**
   * One row for a model: the tokens of a text with the special ones around them, cut at the text's
   * end to {@code maxTokens} in all.
   */
  public long[] encodeRow(String text, int maxTokens) {
    long[] tokens = encode(text, Integer.MAX_VALUE);
    int count = Math.clamp(maxTokens - specialTokens.count(), 0, tokens.length);
    long[] row = new long[count + specialTokens.count()];
    int start = specialTokens.prefix().length;
    System.arraycopy(specialTokens.prefix(), 0, row, 0, start);
    System.arraycopy(tokens, 0, row, start, count);
    System.arraycopy(specialTokens.suffix(), 0, row, start + count, specialTokens.suffix().length);
    return row;
  }

  public SpecialTokens specialTokens() {
    return specialTokens;
  }

  public static void requireAtMost(int maxTokens, long count) {
    if (count > maxTokens) {
      throw new InferenceException(
          ErrorCode.REQUEST_TOO_LARGE,
          "%d tokens or more (expected: <= %d)".formatted(count, maxTokens));
    }
  }

  /** Before white space if there is any in the latter half; never inside a surrogate pair. */
  private static int endOfPiece(String text, int from) {
    int furthest = from + PIECE;
    if (furthest >= text.length()) {
      return text.length();
    }
    for (int end = furthest; end > from + PIECE / 2; end--) {
      if (Character.isWhitespace(text.charAt(end))) {
        return end;
      }
    }
    boolean insidePair =
        Character.isHighSurrogate(text.charAt(furthest - 1))
            && Character.isLowSurrogate(text.charAt(furthest));
    return insidePair ? furthest - 1 : furthest;
  }

  private long[] encodePiece(String text) {
    try {
      return withEncoding(text, false, library::getTokenIds);
    } catch (InferenceException failure) {
      throw failure;
    } catch (RuntimeException failure) {
      throw new InferenceException(
          ErrorCode.EXECUTION_FAILED, "tokenizing failed: " + failure.getMessage(), failure);
    }
  }

  private SpecialTokens readSpecialTokens() {
    return withEncoding(
        "a",
        true,
        encoding ->
            SpecialTokens.of(
                library.getTokenIds(encoding),
                library.getTypeIds(encoding),
                library.getSpecialTokenMask(encoding)));
  }

  private <T> T withEncoding(String text, boolean addSpecialTokens, LongFunction<T> reader) {
    lock.readLock().lock();
    try {
      if (handle == 0) {
        throw new InferenceException(
            ErrorCode.MODEL_NOT_READY, "the tokenizer is closed (its model was unloaded)");
      }
      long encoding = library.encode(handle, text, addSpecialTokens);
      try {
        return reader.apply(encoding);
      } finally {
        library.deleteEncoding(encoding);
      }
    } finally {
      lock.readLock().unlock();
    }
  }

  @Override
  public void close() {
    lock.writeLock().lock();
    try {
      if (handle != 0) {
        library.deleteTokenizer(handle);
        handle = 0;
      }
    } finally {
      lock.writeLock().unlock();
    }
  }
}
