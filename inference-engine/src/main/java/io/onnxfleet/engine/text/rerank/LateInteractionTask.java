package io.onnxfleet.engine.text.rerank;

import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.text.AnsweredRow;
import io.onnxfleet.engine.text.TextVersion;
import io.onnxfleet.engine.text.pooling.TokenVectors;
import io.onnxfleet.engine.text.tokenization.TokenizedTexts;

/**
 * By the cosines between tokens' vectors: for each token of the query the nearest one of the
 * window, and of these the mean (MaxSim of O. Khattab and M. Zaharia, "ColBERT", 2020, over the
 * query's length). Of a document that is cut the best window counts: all windows together were
 * measured, and rank worse. Special tokens are left out, and a prompt's where the pooling leaves
 * them out. A document of no tokens is the least relevant.
 */
final class LateInteractionTask extends VectorTask {
  @Override
  public Reduction<Relevances> begin(TextVersion version, TokenizedTexts texts) {
    return new Interactions(texts);
  }

  private static final class Interactions implements Reduction<Relevances> {
    private final TokenizedTexts texts;
    private final BestWindows best;

    /** There before any document is: its row is answered first. */
    private volatile QueryTokens query = new QueryTokens(0, 0, new float[0]);

    Interactions(TokenizedTexts texts) {
      this.texts = texts;
      best = new BestWindows(texts.texts().size(), LEAST);
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
        best.add(row.text(), query.nearness(query.nearest(vectors, first, count)));
      }
    }

    @Override
    public Relevances finish() {
      return relevances(texts, best.values());
    }
  }
}
