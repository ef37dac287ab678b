package io.onnxfleet.engine.text.entities;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.text.AnsweredRow;
import io.onnxfleet.engine.text.pooling.TokenVectors;
import io.onnxfleet.engine.text.tokenization.TextWindow;
import io.onnxfleet.engine.text.tokenization.TokenizedTexts;
import org.jspecify.annotations.Nullable;

/**
 * The logits of one text's tokens in the making. Of a token that two windows hold, those of the
 * window count that shows more around it. Thread-safe.
 */
final class TokenLogits {
  /** Numbers of one text: 256 MB. */
  static final long MOST_NUMBERS = 1L << 26;

  private final TokenizedTexts.Text text;
  private final int labels;

  @GuardedBy("this")
  private float @Nullable [][] logits;

  @GuardedBy("this")
  private int missing;

  /**
   * No window was seen.
   *
   * @param labels of the model, 0 if they are not known
   */
  TokenLogits(TokenizedTexts.Text text, int labels) {
    this.text = text;
    this.labels = labels;
    missing = text.windows().size();
  }

  /** Takes a window; the logits of all tokens once it was the last one, else null. */
  synchronized float @Nullable [][] add(AnsweredRow row) {
    TextWindow window = row.window();
    TokenVectors vectors = TokenVectors.ofRow(row.output(), 3, row.firstToken() + window.length());
    int count = TokenVectors.dimensions(row.output());
    if (count == 0 || (labels > 0 && count != labels)) {
      throw new InferenceException(
          ErrorCode.EXECUTION_FAILED,
          "the model answered %d logits a token (expected %d, as many as it has labels)"
              .formatted(count, labels));
    }
    int tokens = text.tokens().length;
    if ((long) tokens * count > MOST_NUMBERS) {
      throw new InferenceException(
          ErrorCode.REQUEST_TOO_LARGE,
          "%d tokens of %d labels each (expected: <= %d in all)"
              .formatted(tokens, count, MOST_NUMBERS));
    }
    float[][] all = logits == null ? new float[tokens][] : logits;
    logits = all;
    for (int token = text.firstOwn(window); token < text.lastOwn(window); token++) {
      float[] ofToken = new float[count];
      vectors.read(row.firstToken() + token - window.from(), ofToken);
      TokenVectors.requireFinite(ofToken);
      all[token] = ofToken;
    }
    missing--;
    if (missing > 0) {
      return null;
    }
    logits = null;
    return all;
  }
}
