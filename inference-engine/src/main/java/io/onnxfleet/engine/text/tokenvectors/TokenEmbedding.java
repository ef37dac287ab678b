package io.onnxfleet.engine.text.tokenvectors;

import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.text.AnsweredRow;
import io.onnxfleet.engine.text.EmbeddingOptions;
import io.onnxfleet.engine.text.TextModel;
import io.onnxfleet.engine.text.TextModels;
import io.onnxfleet.engine.text.TextTask;
import io.onnxfleet.engine.text.TextVersion;
import io.onnxfleet.engine.text.pooling.TokenVectors;
import io.onnxfleet.engine.text.tokenization.TextInput;
import io.onnxfleet.engine.text.tokenization.TextWindow;
import io.onnxfleet.engine.text.tokenization.TokenizedTexts;
import io.onnxfleet.engine.textsettings.ModelTask;
import java.util.List;

/**
 * Gives the vector of each token as the model answers it: not pooled, not scaled, and not put
 * through the layers behind the pooling. Special tokens and a prompt's are included, padding is
 * not. Of a token that two windows hold, the one counts that shows more around it.
 */
public record TokenEmbedding() implements TextTask<TokenEmbeddings> {
  /** Numbers of one answer: 16 MiB. */
  public static final long MOST_NUMBERS = 1L << 22;

  /**
   * What is asked of a model.
   *
   * @throws InferenceException if it makes no vectors, or none of tokens
   */
  public TextModels.Asked<TokenEmbeddings> of(
      TextModels.Description described, List<TextInput> texts, EmbeddingOptions options) {
    TextModel model = described.model();
    model.requireTask(ModelTask.EMBED);
    if (model.pooling().modes().isEmpty()) {
      throw InferenceException.invalidInput(
          "model: '%s' answers one vector a text (expected one that answers a vector a token)",
          model.name());
    }
    return new TextModels.Asked<>(texts, options.ofTexts(), this);
  }

  @Override
  public String name() {
    return "embedding tokens";
  }

  @Override
  public Reduction<TokenEmbeddings> begin(TextVersion version, TokenizedTexts texts) {
    TextModel model = version.model();
    // Before anything runs, where the model declares it.
    requireAtMost(texts, model.dimensions() / model.pooling().vectorsJoined());
    return new Vectors(texts);
  }

  private static void requireAtMost(TokenizedTexts texts, int dimensions) {
    if (texts.tokens() > MOST_NUMBERS / Math.max(1, dimensions)) {
      throw new InferenceException(
          ErrorCode.REQUEST_TOO_LARGE,
          "input: %d tokens of %d numbers each (expected: <= %d numbers in all)"
              .formatted(texts.tokens(), dimensions, MOST_NUMBERS));
    }
  }

  /** INVARIANT: each place of a text is written by one row only, and read when all are there. */
  private static final class Vectors implements Reduction<TokenEmbeddings> {
    private final TokenizedTexts texts;
    private final List<float[][]> vectors;

    Vectors(TokenizedTexts texts) {
      this.texts = texts;
      vectors =
          texts.texts().stream()
              .map(text -> new float[text.tokens().length + text.frame().count()][])
              .toList();
    }

    @Override
    public void add(AnsweredRow row) {
      TokenizedTexts.Text text = texts.texts().get(row.text());
      TextWindow window = row.window();
      TokenVectors answered = TokenVectors.ofRow(row.output(), 3, row.tokens().last() + 1);
      int dimensions = TokenVectors.dimensions(row.output());
      requireAtMost(texts, dimensions);
      int before = text.frame().prefix().length;
      boolean isFirst = window.from() == 0;
      boolean isLast = window.to() == text.tokens().length;
      // Special tokens stand around each window; those before the first and behind the last count.
      int from = isFirst ? 0 : before + text.firstOwn(window);
      int to = isLast ? text.tokens().length + text.frame().count() : before + text.lastOwn(window);
      float[][] target = vectors.get(row.text());
      for (int place = from; place < to; place++) {
        float[] vector = new float[dimensions];
        answered.read(row.tokens().first() + place - window.from(), vector);
        TokenVectors.requireFinite(vector);
        target[place] = vector;
      }
    }

    @Override
    public TokenEmbeddings finish() {
      return new TokenEmbeddings(vectors, texts.tokens(), texts.windows());
    }
  }
}
