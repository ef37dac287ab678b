package io.onnxfleet.optimizer.head;

import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.text.TextModel;
import io.onnxfleet.engine.text.tokenization.SpecialTokens;
import io.onnxfleet.engine.text.tokenization.TextTokenizer;
import io.onnxfleet.engine.text.tokenization.TextWindow;
import io.onnxfleet.engine.textsettings.SideFiles;
import io.onnxfleet.engine.textsettings.TextSettings;
import io.onnxfleet.optimizer.OptimizerException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.LongStream;

/**
 * Texts as the rows of tokens that the fleet makes of them: every token counts, and what is longer
 * than the model's length becomes several windows. No prompt goes before them, as none goes before
 * a text that is classified. Owns the tokenizer until it is closed. Not thread-safe.
 */
final class Windows implements AutoCloseable {
  /** Where neither the model's folder nor its tokenizer says a length. */
  private static final int DEFAULT_LENGTH = 512;

  private final TextTokenizer tokenizer;
  private final TextSettings settings;
  private final int length;

  private Windows(TextTokenizer tokenizer, TextModel model) {
    this.tokenizer = tokenizer;
    this.settings = model.settings();
    this.length =
        model.maxLength().orElseGet(() -> tokenizer.declaredLength().orElse(DEFAULT_LENGTH));
    if (length <= tokenizer.specialTokens().count()) {
      throw new OptimizerException(
          "model '%s' takes %d tokens (expected: more than the %d special ones)"
              .formatted(model.name(), length, tokenizer.specialTokens().count()));
    }
  }

  static Windows open(EmbedderFolder folder) {
    SideFiles files = folder.files();
    TextTokenizer tokenizer =
        files
            .find(SideFiles.TOKENIZER)
            .map(file -> TextTokenizer.open(files, file))
            .orElseThrow(
                () ->
                    new OptimizerException(
                        "%s: no %s in its folder or the one above"
                            .formatted(folder.file(), SideFiles.TOKENIZER)));
    try {
      return new Windows(tokenizer, folder.model());
    } catch (RuntimeException failure) {
      tokenizer.close();
      throw failure;
    }
  }

  /** Tokens of a window, special ones included. */
  int length() {
    return length;
  }

  /** True if each token is of type 0. */
  boolean areOfOneType() {
    SpecialTokens special = tokenizer.specialTokens();
    return special.textType() == 0
        && LongStream.of(special.prefixTypes()).allMatch(type -> type == 0)
        && LongStream.of(special.suffixTypes()).allMatch(type -> type == 0);
  }

  /** The windows of a text, at least one, with special tokens and without padding. */
  List<long[]> of(String text) {
    long[] tokens;
    try {
      tokens =
          tokenizer.encode(
              settings.lowercases() ? text.toLowerCase(Locale.ROOT) : text, Integer.MAX_VALUE);
    } catch (InferenceException failure) {
      throw new OptimizerException(String.valueOf(failure.getMessage()), failure);
    }
    SpecialTokens special = tokenizer.specialTokens();
    int capacity = length - special.count();
    int overlap = Math.min(TextSettings.DEFAULT_OVERLAP, capacity / 2);
    List<long[]> rows = new ArrayList<>();
    for (TextWindow window : TextWindow.cut(tokens.length, capacity, overlap)) {
      long[] row = new long[window.length() + special.count()];
      int start = special.prefix().length;
      System.arraycopy(special.prefix(), 0, row, 0, start);
      System.arraycopy(tokens, window.from(), row, start, window.length());
      System.arraycopy(special.suffix(), 0, row, start + window.length(), special.suffix().length);
      rows.add(row);
    }
    return rows;
  }

  @Override
  public void close() {
    tokenizer.close();
  }
}
