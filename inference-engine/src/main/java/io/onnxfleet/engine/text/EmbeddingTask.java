package io.onnxfleet.engine.text;

import io.onnxfleet.engine.text.pooling.TextVector;
import io.onnxfleet.engine.text.tokenization.TokenizedTexts;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Makes one vector of each text: pools the tokens' vectors of a window, joins the windows, and puts
 * the result through the layers behind the pooling.
 *
 * @param normalize whether vectors are to have length 1, or null for the model's own way
 */
record EmbeddingTask(@Nullable Boolean normalize) implements TextTask<Embeddings> {
  @Override
  public String name() {
    return "embedding";
  }

  @Override
  public Reduction<Embeddings> begin(TextVersion version, TokenizedTexts texts) {
    return new Vectors(
        version, texts, normalize == null ? version.model().settings().normalizes() : normalize);
  }

  private static final class Vectors implements Reduction<Embeddings> {
    private final TextVersion version;
    private final TokenizedTexts texts;
    private final boolean normalized;
    private final List<TextVector> vectors;

    Vectors(TextVersion version, TokenizedTexts texts, boolean normalized) {
      this.version = version;
      this.texts = texts;
      this.normalized = normalized;
      vectors = texts.texts().stream().map(_ -> new TextVector()).toList();
    }

    @Override
    public void add(AnsweredRow row) {
      float[] vector = version.model().pooling().vectorOf(row.output(), row.tokens());
      vectors.get(row.text()).add(vector, Math.max(1, row.window().newTokens()));
    }

    @Override
    public Embeddings finish() {
      List<float[]> finished = new ArrayList<>(vectors.size());
      for (TextVector vector : vectors) {
        finished.add(vector.finished(version.layers(), normalized));
      }
      return new Embeddings(finished, texts.tokens(), texts.windows(), normalized);
    }
  }
}
