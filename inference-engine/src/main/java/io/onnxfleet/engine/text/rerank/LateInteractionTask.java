package io.onnxfleet.engine.text.rerank;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.text.AnsweredRow;
import io.onnxfleet.engine.text.TextVersion;
import io.onnxfleet.engine.text.pooling.TokenVectors;
import io.onnxfleet.engine.text.tokenization.TokenizedTexts;

/**
 * By the cosines between tokens' vectors: for each token of the query the nearest one of the
 * document, in whichever of its windows, and of these the mean (MaxSim of O. Khattab and M.
 * Zaharia, "ColBERT", 2020, over the query's length). Special tokens are left out, and a prompt's
 * where the pooling leaves them out. A document of no tokens is the least relevant.
 */
final class LateInteractionTask extends VectorTask {
  @Override
  public Reduction<Relevances> begin(TextVersion version, TokenizedTexts texts) {
    return new Interactions(texts);
  }

  private static final class Interactions implements Reduction<Relevances> {
    private final TokenizedTexts texts;

    /** Of each document and token of the query the cosine so far; none before the first window. */
    @GuardedBy("this")
    private final float[][] nearest;

    /** There before any document is: its row is answered first. */
    private volatile QueryTokens query = new QueryTokens(0, 0, new float[0]);

    Interactions(TokenizedTexts texts) {
      this.texts = texts;
      nearest = new float[texts.texts().size()][];
    }

    @Override
    public void add(AnsweredRow row) {
      int end = row.firstToken() + row.window().length();
      int first = Math.max(row.firstToken(), row.tokens().afterPrompt());
      int count = end - first;
      TokenVectors vectors = TokenVectors.ofRow(row.output(), 3, end);
      int dimensions = TokenVectors.dimensions(row.output());
      if (row.text() == 0) {
        if (count < 1) {
          throw InferenceException.invalidInput(
              "query: no tokens behind the prompt (expected: at least one)");
        }
        query = QueryTokens.of(vectors, first, count, dimensions);
      } else if (count > 0) {
        add(row.text(), query.nearest(vectors, first, count));
      }
    }

    private synchronized void add(int text, float... ofWindow) {
      float[] before = nearest[text];
      nearest[text] = ofWindow;
      for (int token = 0; before != null && token < before.length; token++) {
        ofWindow[token] = Math.max(ofWindow[token], before[token]);
      }
    }

    @Override
    public synchronized Relevances finish() {
      double[] values = new double[nearest.length];
      for (int text = 0; text < values.length; text++) {
        float[] cosines = nearest[text];
        values[text] = cosines == null ? LEAST : query.nearness(cosines);
      }
      return relevances(texts, values);
    }
  }
}
