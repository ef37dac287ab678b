package io.onnxfleet.engine.text.rerank;

import io.onnxfleet.engine.text.AnsweredRow;
import io.onnxfleet.engine.text.TextVersion;
import io.onnxfleet.engine.text.pooling.TextVector;
import io.onnxfleet.engine.text.tokenization.TokenizedTexts;
import io.onnxfleet.engine.textsettings.SimilarityFunction;

/** By the cosine of the query's vector and that of a window. */
final class CosineTask extends VectorTask {
  @Override
  public Reduction<Relevances> begin(TextVersion version, TokenizedTexts texts) {
    return new Cosines(version, texts);
  }

  private static final class Cosines implements Reduction<Relevances> {
    private final TextVersion version;
    private final TokenizedTexts texts;
    private final BestWindows best;

    /** There before any document is: its row is answered first. */
    private volatile float[] query = {};

    Cosines(TextVersion version, TokenizedTexts texts) {
      this.version = version;
      this.texts = texts;
      best = new BestWindows(texts.texts().size(), LEAST);
    }

    @Override
    public void add(AnsweredRow row) {
      TextVector window = new TextVector();
      window.add(version.model().pooling().vectorOf(row.output(), row.tokens()), 1);
      float[] vector = window.finished(version.layers(), true);
      if (row.text() == 0) {
        query = vector;
      } else {
        best.add(row.text(), SimilarityFunction.COSINE.of(query, vector));
      }
    }

    @Override
    public Relevances finish() {
      return relevances(texts, best.values());
    }
  }
}
