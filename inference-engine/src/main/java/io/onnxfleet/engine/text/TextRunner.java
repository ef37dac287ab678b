package io.onnxfleet.engine.text;

import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.request.Deadline;
import io.onnxfleet.engine.tensor.BufferPool;
import io.onnxfleet.engine.text.tokenization.SpecialTokens;
import io.onnxfleet.engine.text.tokenization.TextInput;
import io.onnxfleet.engine.text.tokenization.TextTokenizer;
import io.onnxfleet.engine.text.tokenization.TextWindow;
import io.onnxfleet.engine.text.tokenization.TokenPlaces;
import io.onnxfleet.engine.text.tokenization.TokenizedTexts;
import io.onnxfleet.engine.text.tokenization.TokenizingCall;
import io.onnxfleet.engine.textsettings.TextParameters;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.function.IntFunction;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Runs texts through one model version, whatever the {@link TextTask}: tokenizes, cuts into
 * windows, sends each as a row, and hands what comes back to the task.
 *
 * <ul>
 *   <li>Every token of a text counts: what the model cannot take at once is cut into overlapping
 *       windows.
 *   <li>A call holds at most {@link TextCall#MAX_IN_FLIGHT} rows' tensors at a time and at most
 *       {@code maxTokens} tokens; none once its future is done and its rows have returned.
 * </ul>
 *
 * <p>Thread-safe. {@link #close()} releases the tokenizer; calls that were tokenized before go on.
 */
final class TextRunner implements AutoCloseable {
  /** Window length where neither the model's parameters nor its tokenizer tell one. */
  static final int DEFAULT_LENGTH = 512;

  private static final double LEAST_OF_VOCABULARY = 0.9;
  private static final double MOST_OF_VOCABULARY = 1.05;

  private final TextVersion version;
  private final TextModel model;
  private final TextTokenizer tokenizer;
  private final TextRows rows;
  private final InferencePort port;
  private final int capacity;
  private final int overlap;
  private final int maxTokens;

  /**
   * A runner that owns its tokenizer from now on.
   *
   * @param maxTokens of one call
   * @throws InferenceException with {@link ErrorCode#MODEL_LOAD_FAILED} if a window could not hold
   *     even one token; the tokenizer stays the caller's then
   */
  TextRunner(
      TextVersion version,
      TextTokenizer tokenizer,
      InferencePort port,
      BufferPool pool,
      int maxTokens) {
    this.version = version;
    this.model = version.model();
    this.tokenizer = tokenizer;
    this.port = port;
    this.maxTokens = maxTokens;
    model.settings().vocabulary().ifPresent(size -> requireOwn(tokenizer, size));
    int length = windowLength(model, tokenizer);
    capacity = length - tokenizer.specialTokens().count();
    if (capacity < 1) {
      throw new InferenceException(
          ErrorCode.MODEL_LOAD_FAILED,
          "%s: %d (expected: > %d, the special tokens around a text)"
              .formatted(
                  TextParameters.MAX_SEQUENCE_LENGTH, length, tokenizer.specialTokens().count()));
    }
    overlap = overlap(model.overlap(), capacity);
    boolean padsLeft = model.settings().padsLeft() || tokenizer.padsLeft();
    rows = new TextRows(model, length, padsLeft, pool);
  }

  TextVersion version() {
    return version;
  }

  /** Tokens of a window, special tokens included. */
  int windowLength() {
    return capacity + tokenizer.specialTokens().count();
  }

  /**
   * Runs the model on texts that {@link #tokenizing} made. The future completes with an {@link
   * InferenceException} if any text fails; cancelling it drops the rows that have not started.
   *
   * @throws InferenceException if the version cannot do what the task is, or a text has no token
   */
  <T> CompletableFuture<T> run(
      TokenizedTexts texts,
      TextTask<T> task,
      TextOptions options,
      Deadline deadline,
      @Nullable String caller) {
    TextTask.Reduction<T> reduction = task.begin(version, texts);
    if (!task.runsModel()) {
      return CompletableFuture.completedFuture(reduction.finish());
    }
    if (!task.takesEmptyTexts()) {
      requireTokens(texts.windows(), task::argument);
    }
    InferencePort named = request -> port.infer(request.by(caller).at(options.priority()));
    return new TextCall<>(texts, task, reduction, rows, named, deadline).start();
  }

  private static void requireTokens(List<Integer> windows, IntFunction<String> arguments) {
    int empty = windows.indexOf(0);
    if (empty >= 0) {
      throw InferenceException.invalidInput(
          "%s: no tokens (expected: at least one)", arguments.apply(empty));
    }
  }

  /**
   * What comes before {@link #run}, to be done a piece at a time.
   *
   * @param arguments what a client calls the text with a number
   */
  Tokenizing tokenizing(List<TextInput> texts, TextOptions options, IntFunction<String> arguments) {
    return new Tokenizing(texts, options, arguments);
  }

  /** The texts of a call while they are tokenized. Not thread-safe. */
  final class Tokenizing implements TokenizingCall.Work<TokenizedTexts> {
    private final List<TextInput> texts;
    private final TextOptions options;
    private final IntFunction<String> arguments;
    private final String prompt;
    private final List<TokenizedTexts.Text> tokenized;
    private int promptTokens;

    /** The prompt's own tokens, which do not count among those that a caller wants of a text. */
    private int uncounted;

    /** What stands before the current text, and that of which the tokens are counted. */
    private String before = "";

    private String counted = "";
    private int left = maxTokens;
    private TextTokenizer.@Nullable Pieces current;
    private SpecialTokens frame = tokenizer.specialTokens();

    /** The first text of the pair before, which often is the next one's too. */
    private @Nullable String framed;

    /** The tokens of a pair's first text; 0 for none. */
    private int firstTokens;

    private Tokenizing(List<TextInput> texts, TextOptions options, IntFunction<String> arguments) {
      this.texts = texts;
      this.options = options;
      this.arguments = arguments;
      this.prompt = prompt(options);
      this.tokenized = new ArrayList<>(texts.size());
    }

    @Override
    public boolean advance() {
      int done = 0;
      while (tokenized.size() < texts.size() && done < TextTokenizer.PIECE) {
        done += step();
      }
      return tokenized.size() < texts.size();
    }

    @Override
    public TokenizedTexts finish() {
      long tokens = 0;
      for (TokenizedTexts.Text text : tokenized) {
        tokens += text.tokens().length + text.frame().count();
      }
      return new TokenizedTexts(tokenized, tokens);
    }

    /** A piece of a text, or the whole; about how many characters that was. */
    private int step() {
      TextTokenizer.Pieces pieces = current;
      if (pieces == null) {
        switch (texts.get(tokenized.size())) {
          case TextInput.Characters(String characters) -> {
            alone();
            before = prompt;
            pieces = named(this::place, () -> begun(prompt + characters));
          }
          case TextInput.Prompted(String own, String characters) -> {
            alone();
            before = own;
            pieces = named(this::place, () -> begun(own + characters));
          }
          case TextInput.Pair(String first, String second, boolean isQuery) -> {
            frame(first, isQuery);
            before = "";
            pieces = named(this::place, () -> begun(second));
          }
          case TextInput.Tokens(int[] given) -> {
            alone();
            before = prompt;
            add(named(this::place, () -> checked(given, left, prompt)), TokenPlaces.NONE);
            return given.length;
          }
        }
        current = pieces;
      }
      int length = named(this::place, pieces::advance);
      if (pieces.isDone()) {
        current = null;
        add(pieces.tokens(), options.places() ? pieces.places() : TokenPlaces.NONE);
      }
      return Math.max(1, length);
    }

    private TextTokenizer.Pieces begun(String text) {
      return tokenizer.pieces(cased(text, options.places()), left, options.places());
    }

    /** What follows is no pair. */
    private void alone() {
      frame = tokenizer.specialTokens();
      framed = null;
      firstTokens = 0;
    }

    /** Puts the first text of a pair before what follows. */
    private void frame(String first, boolean isQuery) {
      if (first.equals(framed)) {
        return;
      }
      Supplier<String> argument = isQuery ? () -> TextInput.QUERY : this::place;
      long[] ids = named(argument, () -> tokenizer.encode(cased(first, false), left));
      if (isQuery) {
        requireQuery(ids.length);
      }
      SpecialTokens framing = tokenizer.framing(ids);
      if (framing.count() >= windowLength()) {
        throw InferenceException.invalidInput(
            "%s: %d tokens of a pair's first text (expected: <= %d, before the second)",
            argument.get(), ids.length, windowLength() - 1 - framing.count() + ids.length);
      }
      frame = framing;
      framed = first;
      firstTokens = ids.length;
    }

    private void add(long[] whole, TokenPlaces wherever) {
      if (!before.equals(counted)) {
        promptTokens = promptTokens(before);
        uncounted = options.mostTokens() == Integer.MAX_VALUE ? 0 : ownTokens(before);
        counted = before;
      }
      int room = windowLength() - frame.count();
      int most = mostTokens(room);
      boolean isCut = whole.length > most;
      long[] ids = isCut ? Arrays.copyOf(whole, most) : whole;
      left -= ids.length;
      // No model takes a row of no length.
      boolean isEmpty = ids.length + frame.count() == 0;
      List<TextWindow> windows =
          isEmpty ? List.of() : TextWindow.cut(ids.length, room, overlap(room));
      if (options.overlong() == TextOptions.Overlong.REFUSED && windows.size() > 1) {
        throw InferenceException.invalidInput(
            "%s: %d tokens (expected: <= %d, where long texts are not to be cut)",
            place(), ids.length + frame.count(), windowLength());
      }
      if (windows.size() > 1) {
        requireRoomBehindFirst();
      }
      TokenPlaces places = isCut && options.places() ? wherever.upTo(most) : wherever;
      tokenized.add(new TokenizedTexts.Text(ids, windows, promptTokens, frame, places));
    }

    /** With little room behind the first text, the second would become a row for each token. */
    private void requireRoomBehindFirst() {
      int most = windowLength() / 2;
      if (firstTokens > most) {
        throw InferenceException.invalidInput(
            "%s: %d tokens of a pair's first text (expected: <= %d, half of the %d that model '%s'"
                + " takes, where the second is cut into windows)",
            place(), firstTokens, most, windowLength(), model.name());
      }
    }

    private int mostTokens(int room) {
      if (tokenized.size() < options.spared()) {
        return Integer.MAX_VALUE;
      }
      int wanted = (int) Math.min(Integer.MAX_VALUE, (long) options.mostTokens() + uncounted);
      return options.overlong() == TextOptions.Overlong.CUT ? Math.min(wanted, room) : wanted;
    }

    private String place() {
      return arguments.apply(tokenized.size());
    }
  }

  /** What is done with a text, whose refusals name the argument that it stands in. */
  private static <T> T named(Supplier<String> argument, Supplier<T> work) {
    try {
      return work.get();
    } catch (InferenceException refused) {
      throw switch (refused.code()) {
        case INVALID_INPUT, REQUEST_TOO_LARGE ->
            new InferenceException(
                refused.code(), "%s: %s".formatted(argument.get(), refused.getMessage()), refused);
        default -> refused;
      };
    }
  }

  /** The texts of tokens, one a turn. */
  TokenizingCall.Work<List<String>> detokenizing(List<long[]> tokens, boolean skipSpecial) {
    List<String> texts = new ArrayList<>(tokens.size());
    return new TokenizingCall.Work<>() {
      @Override
      public boolean advance() {
        if (texts.size() < tokens.size()) {
          long[] ids = tokens.get(texts.size());
          requireKnown(ids, texts.size());
          texts.add(tokenizer.decode(ids, skipSpecial));
        }
        return texts.size() < tokens.size();
      }

      @Override
      public List<String> finish() {
        return texts;
      }
    };
  }

  private void requireKnown(long[] ids, int text) {
    for (long id : ids) {
      if (id < 0 || id >= tokenizer.vocabularySize()) {
        throw InferenceException.invalidInput(
            "tokens[%d]: token %d (expected: 0 to %d, the vocabulary of model '%s')",
            text, id, tokenizer.vocabularySize() - 1, model.name());
      }
    }
  }

  private int promptTokens(String prompt) {
    return prompt.isEmpty() || model.settings().includesPrompt()
        ? 0
        : tokenizer.specialTokens().prefix().length
            + tokenizer.encode(cased(prompt, false), maxTokens).length;
  }

  /** A prompt's tokens before a text, of which a space at its end often is none by itself. */
  private int ownTokens(String prompt) {
    return tokenizer.encode(cased(prompt.stripTrailing(), false), maxTokens).length;
  }

  private String prompt(TextOptions options) {
    String prompt = options.prompt();
    if (prompt != null) {
      return prompt;
    }
    String named = model.settings().defaultPrompt();
    return named == null ? "" : model.settings().prompts().getOrDefault(named, "");
  }

  /**
   * The text as the model wants it.
   *
   * @param keepsPlaces true if each character has to stay one
   */
  private String cased(String text, boolean keepsPlaces) {
    if (!model.settings().lowercases()) {
      return text;
    }
    return keepsPlaces
        ? text.codePoints()
            .map(Character::toLowerCase)
            .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
            .toString()
        : text.toLowerCase(Locale.ROOT);
  }

  /**
   * Refuses a query that leaves too little room for what is compared with it.
   *
   * @param tokens that it has
   */
  private void requireQuery(int tokens) {
    requireQuery(tokens, windowLength(), model.name());
  }

  static void requireQuery(int tokens, int windowLength, String model) {
    if (tokens == 0) {
      throw InferenceException.invalidInput(
          "%s: no tokens (expected: at least one)", TextInput.QUERY);
    }
    int most = windowLength / 2;
    if (tokens > most) {
      throw InferenceException.invalidInput(
          "%s: %d tokens (expected: <= %d, half of the %d that model '%s' takes)",
          TextInput.QUERY, tokens, most, windowLength, model);
    }
  }

  /** Tokens that neighbouring windows of a text share, where each has room for so many. */
  private int overlap(int room) {
    return room == capacity ? overlap : Math.min(overlap, room / 2);
  }

  /**
   * A text's own tokens: those between this vocabulary's special ones. Ids that do not stand
   * between these are taken for another vocabulary's, unless the model accepts any.
   */
  private long[] checked(int[] given, int left, String prompt) {
    if (!prompt.isEmpty()) {
      throw InferenceException.invalidInput(
          "token ids, before which no prompt can go (expected: a text)");
    }
    SpecialTokens special = tokenizer.specialTokens();
    boolean enclosed = special.encloses(given);
    if (!enclosed && !model.settings().acceptsTokens()) {
      throw InferenceException.invalidInput(
          "token ids that do not begin with %s and end with %s, as those of model '%s' do"
              + " (expected: a text; LangChain's OpenAIEmbeddings sends one with"
              + " check_embedding_ctx_length=False; the model's parameter token-arrays: accept"
              + " takes any ids)",
          Arrays.toString(special.prefix()), Arrays.toString(special.suffix()), model.name());
    }
    int from = enclosed ? special.prefix().length : 0;
    int to = given.length - (enclosed ? special.suffix().length : 0);
    TextTokenizer.requireAtMost(left, to - from);
    long[] ids = new long[to - from];
    for (int index = from; index < to; index++) {
      if (given[index] < 0 || given[index] >= tokenizer.vocabularySize()) {
        throw InferenceException.invalidInput(
            "token %d (expected: 0 to %d, the vocabulary of model '%s')",
            given[index], tokenizer.vocabularySize() - 1, model.name());
      }
      ids[index - from] = given[index];
    }
    return ids;
  }

  /**
   * Refuses a tokenizer of another model, whose ids would be looked up all the same. Tables are
   * made somewhat larger than vocabularies, and tokenizers have tokens added that are never used.
   */
  private static void requireOwn(TextTokenizer tokenizer, int size) {
    int own = tokenizer.vocabularySize();
    if (own < LEAST_OF_VOCABULARY * size || own > MOST_OF_VOCABULARY * size) {
      throw new InferenceException(
          ErrorCode.MODEL_LOAD_FAILED,
          "%s: %d token ids (expected: about %d, which the model takes by its configuration, or it is another model's; parameter %s: %s takes it all the same)"
              .formatted(
                  TextTokenizer.FILE_NAME,
                  own,
                  size,
                  TextParameters.VOCABULARY,
                  TextParameters.ANY));
    }
  }

  private static int overlap(int asked, int capacity) {
    if (asked == TextModel.DEFAULT_OVERLAP) {
      return Math.min(asked, capacity / 2);
    }
    if (asked >= capacity) {
      throw new InferenceException(
          ErrorCode.MODEL_LOAD_FAILED,
          "%s: %d (expected: < %d, the tokens of a text that a window holds)"
              .formatted(TextParameters.WINDOW_OVERLAP, asked, capacity));
    }
    return asked;
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
