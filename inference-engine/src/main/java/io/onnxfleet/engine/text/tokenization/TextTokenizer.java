package io.onnxfleet.engine.text.tokenization;

import ai.djl.huggingface.tokenizers.jni.CharSpan;
import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.file.TextFile;
import io.onnxfleet.engine.textsettings.SideFiles;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.LongFunction;
import java.util.function.LongUnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * A model's {@code tokenizer.json}, loaded. It neither truncates nor pads, whatever the file says:
 * every token of a text comes out.
 *
 * <p>Text is encoded {@value #PIECE} characters at a time, because the library's effort and memory
 * grow faster than the text; how long one is, is bounded by the caller. It is cut where that
 * changes no token ({@link TextCuts}), or refused. Words that are too long for the model are
 * shortened, or refused ({@link LongWords}).
 *
 * <p>Thread-safe. {@link #close()} waits for the encodings under way; later ones are refused.
 */
public final class TextTokenizer implements AutoCloseable {
  /** The name of the file beside the model. */
  public static final String FILE_NAME = SideFiles.TOKENIZER;

  public static final int PIECE = 1 << 15;
  private static final int MOST_BYTES = 256 << 20;
  private static final String LETTER = "a";
  private static final String TWO_WORDS = "a a";
  private static final int REPLACEMENT = 0xFFFD;

  private final TokenizersLibrary library;
  private final ReentrantReadWriteLock lock = new ReentrantReadWriteLock();
  private final SpecialTokens specialTokens;
  private final LongWords longWords;
  private final int vocabularySize;
  private final boolean padsLeft;

  /** Whether the library says of which word a token is. */
  private final boolean hasWords;

  private final TextCuts cuts = new TextCuts(this::encodeAroundCut);

  private final OptionalInt declaredLength;

  /** Read when the first pair comes. */
  private volatile @Nullable PairTokens pairTokens;

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
    hasWords = withEncoding(TWO_WORDS, false, this::tellsWordsApart);
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
    boolean isOwned = false;
    try {
      String json = file.read();
      TokenizerFile said = TokenizerFile.read(json);
      handle = library.createTokenizerFromString(json);
      TextTokenizer tokenizer = new TextTokenizer(library, handle, said);
      isOwned = true;
      return tokenizer;
    } catch (InferenceException refused) {
      throw refused;
    } catch (IOException | RuntimeException failure) {
      throw new InferenceException(
          ErrorCode.MODEL_LOAD_FAILED,
          "%s: %s (expected a Hugging Face tokenizer)".formatted(name, failure.getMessage()),
          failure);
    } finally {
      if (handle != 0 && !isOwned) {
        library.deleteTokenizer(handle);
      }
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
    return pieces(text, maxTokens, false);
  }

  /**
   * The same with the places of tokens.
   *
   * @param places whether these are wanted
   */
  public Pieces pieces(String text, int maxTokens, boolean places) {
    return pieces(text, maxTokens, places, PIECE);
  }

  /** The same in pieces of about so many characters. */
  Pieces pieces(String text, int maxTokens, boolean places, int piece) {
    return new Pieces(longWords.bounded(text), maxTokens, places, piece);
  }

  /**
   * What stands around the second text of a pair.
   *
   * @param first tokens of the first
   * @throws InferenceException with {@link ErrorCode#UNSUPPORTED_FEATURE} if the tokenizer has no
   *     form for pairs
   */
  public SpecialTokens framing(long[] first) {
    PairTokens known = pairTokens;
    if (known == null) {
      int ofText = encode(LETTER, Integer.MAX_VALUE).length;
      known =
          with(
              tokenizer -> library.encodeDual(tokenizer, LETTER, LETTER, true),
              encoding ->
                  PairTokens.of(
                      library.getTokenIds(encoding),
                      library.getTypeIds(encoding),
                      library.getSpecialTokenMask(encoding),
                      ofText));
      pairTokens = known;
    }
    return known.framing(first);
  }

  /**
   * The text of tokens.
   *
   * @param ids each below {@link #vocabularySize}
   * @param skipSpecial true to leave special tokens out
   */
  public String decode(long[] ids, boolean skipSpecial) {
    return reading(tokenizer -> library.decode(tokenizer, ids, skipSpecial));
  }

  /** A text while it is encoded. Not thread-safe. */
  public final class Pieces {
    private final String text;
    private final int maxTokens;
    private int from;
    private boolean done;
    private long[] tokens = {};
    private int count;
    private final LongWords.Bounded bounded;
    private final List<TokenPlaces> places = new ArrayList<>();
    private final boolean wantsPlaces;
    private final int usualLength;

    /** What this piece's first token stands elsewhere than it does by itself. */
    private int startShift;

    private int endShift;

    /** What stands before this piece; a space before the first. */
    private int pointBefore = ' ';

    private int codePoints;
    private int words;

    private Pieces(LongWords.Bounded bounded, int maxTokens, boolean wantsPlaces, int usualLength) {
      this.usualLength = usualLength;
      this.bounded = bounded;
      this.text = bounded.text();
      this.maxTokens = maxTokens;
      this.wantsPlaces = wantsPlaces;
    }

    public boolean isDone() {
      return done;
    }

    /**
     * Encodes the next piece.
     *
     * @return its characters
     * @throws InferenceException with {@link ErrorCode#REQUEST_TOO_LARGE} if there are more than
     *     {@code maxTokens}, {@link ErrorCode#INVALID_INPUT} if there is no place to cut the text
     */
    public int advance() {
      TextCuts.Cut cut = cuts.after(text, from, usualLength);
      pointBefore = from == 0 ? ' ' : text.codePointBefore(from);
      String characters = paired(text.substring(from, cut.end()));
      long[] piece =
          wantsPlaces
              ? encodePiece(characters, encoding -> readWithPlaces(encoding, characters))
              : encodePiece(characters, library::getTokenIds);
      codePoints += characters.codePointCount(0, characters.length());
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
      int length = cut.next() - from;
      startShift = cut.startShift();
      endShift = cut.endShift();
      codePoints += cut.next() - cut.end();
      from = cut.next();
      done = from == text.length();
      return length;
    }

    private long[] readWithPlaces(long encoding, String characters) {
      long[] ids = library.getTokenIds(encoding);
      long[] ofWords = library.getWordIds(encoding);
      int[] points = hasWords ? new int[0] : characters.codePoints().toArray();
      CharSpan[] spans = library.getTokenCharSpans(encoding);
      int[] starts = new int[ids.length];
      int[] ends = new int[ids.length];
      int[] numbers = new int[ids.length];
      int word = words - 1;
      for (int token = 0; token < ids.length; token++) {
        CharSpan span = spans[token];
        int last = token == 0 ? codePoints : ends[token - 1];
        int start = codePoints + (token == 0 ? startShift : 0);
        int end = codePoints + (token == 0 ? endShift : 0);
        starts[token] = span == null ? last : bounded.place(start + span.getStart());
        ends[token] = span == null ? last : bounded.place(end + span.getEnd());
        boolean isPart =
            hasWords
                ? token > 0 && ofWords[token] >= 0 && ofWords[token] == ofWords[token - 1]
                : token + words > 0
                    && (span == null || !beginsWord(pointBefore, points, span.getStart()));
        word = isPart ? word : word + 1;
        numbers[token] = word;
      }
      words = word + 1;
      places.add(new TokenPlaces(starts, ends, numbers));
      return ids;
    }

    /** Whether a word begins there, where nothing but white space tells words apart. */
    private static boolean beginsWord(int before, int[] points, int place) {
      return Character.isWhitespace(place == 0 ? before : points[place - 1])
          || (place < points.length && Character.isWhitespace(points[place]));
    }

    /** Where they stand; none unless that was asked for. */
    public TokenPlaces places() {
      int all = places.stream().mapToInt(piece -> piece.starts().length).sum();
      int[] starts = new int[all];
      int[] ends = new int[all];
      int[] numbers = new int[all];
      int at = 0;
      for (TokenPlaces piece : places) {
        int length = piece.starts().length;
        System.arraycopy(piece.starts(), 0, starts, at, length);
        System.arraycopy(piece.ends(), 0, ends, at, length);
        System.arraycopy(piece.words(), 0, numbers, at, length);
        at += length;
      }
      return new TokenPlaces(starts, ends, numbers);
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

  /**
   * The same with U+FFFD for each half of a surrogate pair that stands alone: the library would
   * take it for three characters, and each emoji beside it for six, and tell other places.
   */
  private static String paired(String text) {
    if (text.codePoints().noneMatch(TextTokenizer::isHalf)) {
      return text;
    }
    return text.codePoints()
        .map(letter -> isHalf(letter) ? REPLACEMENT : letter)
        .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
        .toString();
  }

  private static boolean isHalf(int letter) {
    return letter >= Character.MIN_SURROGATE && letter <= Character.MAX_SURROGATE;
  }

  private <T> T encodePiece(String text, LongFunction<T> reader) {
    try {
      return withEncoding(text, false, reader);
    } catch (InferenceException failure) {
      throw failure;
    } catch (RuntimeException failure) {
      throw new InferenceException(
          ErrorCode.EXECUTION_FAILED, "tokenizing failed: " + failure.getMessage(), failure);
    }
  }

  private TextCuts.Encoded encodeAroundCut(String text) {
    return encodePiece(
        paired(text),
        encoding ->
            new TextCuts.Encoded(
                library.getTokenIds(encoding),
                hasWords ? library.getWordIds(encoding) : new long[0],
                library.getTokenCharSpans(encoding)));
  }

  private SpecialTokens readSpecialTokens() {
    return withEncoding(
        LETTER,
        true,
        encoding ->
            SpecialTokens.of(
                library.getTokenIds(encoding),
                library.getTypeIds(encoding),
                library.getSpecialTokenMask(encoding),
                library.getTokens(encoding)));
  }

  /** Some cut a text at nothing or only at digits, and take the rest for one word. */
  private boolean tellsWordsApart(long encoding) {
    long[] words = library.getWordIds(encoding);
    return words.length > 1 && words[0] != words[words.length - 1];
  }

  private <T> T withEncoding(String text, boolean addSpecialTokens, LongFunction<T> reader) {
    return with(tokenizer -> library.encode(tokenizer, text, addSpecialTokens), reader);
  }

  private <T> T with(LongUnaryOperator encoder, LongFunction<T> reader) {
    return reading(
        tokenizer -> {
          long encoding = encoder.applyAsLong(tokenizer);
          try {
            return reader.apply(encoding);
          } finally {
            library.deleteEncoding(encoding);
          }
        });
  }

  private <T> T reading(LongFunction<T> use) {
    lock.readLock().lock();
    try {
      if (handle == 0) {
        throw new InferenceException(
            ErrorCode.MODEL_NOT_READY, "the tokenizer is closed (its model was unloaded)");
      }
      return use.apply(handle);
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
