package io.onnxfleet.engine.text.sparse;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.onnxfleet.engine.text.AnsweredRow;
import io.onnxfleet.engine.text.EmbeddingOptions;
import io.onnxfleet.engine.text.TextModels;
import io.onnxfleet.engine.text.TextTask;
import io.onnxfleet.engine.text.TextVersion;
import io.onnxfleet.engine.text.pooling.TokenVectors;
import io.onnxfleet.engine.text.tokenization.TextInput;
import io.onnxfleet.engine.text.tokenization.TokenizedTexts;
import io.onnxfleet.engine.textsettings.ModelTask;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Weighs the vocabulary's tokens for each text: the logarithm of one more than the largest logit
 * that any token of the text has for it, special ones included (SPLADE of T. Formal and others,
 * 2021). A model that pools by itself answers just that. Of several windows the largest counts.
 */
public record Weighing() implements TextTask<Weights> {
  /** One row's logits are as large as its length times the vocabulary. */
  private static final int MOST_IN_FLIGHT = 8;

  /**
   * What is asked of a model.
   *
   * @throws io.onnxfleet.engine.error.InferenceException if that is none that weighs tokens
   */
  public TextModels.Asked<Weights> of(
      TextModels.Description described, List<TextInput> texts, EmbeddingOptions options) {
    described.model().requireTask(ModelTask.SPARSE);
    return new TextModels.Asked<>(texts, options.ofTexts(), this);
  }

  @Override
  public String name() {
    return "weighing";
  }

  @Override
  public int mostInFlight() {
    return MOST_IN_FLIGHT;
  }

  @Override
  public Reduction<Weights> begin(TextVersion version, TokenizedTexts texts) {
    return new Largest(version.model().pooling().modes().isEmpty(), texts);
  }

  private static final class Largest implements Reduction<Weights> {
    private final boolean isPooled;
    private final TokenizedTexts texts;

    @GuardedBy("this")
    private final List<float @Nullable []> weights;

    @GuardedBy("this")
    private final List<SparseVector> finished;

    @GuardedBy("this")
    private final int[] missing;

    Largest(boolean isPooled, TokenizedTexts texts) {
      this.isPooled = isPooled;
      this.texts = texts;
      int count = texts.texts().size();
      weights = new ArrayList<>(Collections.nCopies(count, null));
      finished =
          new ArrayList<>(Collections.nCopies(count, new SparseVector(new int[0], new float[0])));
      missing = texts.windows().stream().mapToInt(Integer::intValue).toArray();
    }

    @Override
    public void add(AnsweredRow row) {
      join(row.text(), isPooled ? TokenVectors.finiteRow(row.output()) : weights(row));
    }

    private static float[] weights(AnsweredRow row) {
      int last = row.tokens().last();
      TokenVectors vectors = TokenVectors.ofRow(row.output(), 3, last + 1);
      float[] largest = new float[TokenVectors.dimensions(row.output())];
      float[] logits = new float[largest.length];
      for (int token = row.tokens().first(); token <= last; token++) {
        vectors.read(token, logits);
        TokenVectors.requireFinite(logits);
        for (int index = 0; index < largest.length; index++) {
          largest[index] = Math.max(largest[index], logits[index]);
        }
      }
      for (int index = 0; index < largest.length; index++) {
        largest[index] = (float) Math.log1p(largest[index]);
      }
      return largest;
    }

    private synchronized void join(int text, float[] window) {
      float[] before = weights.get(text);
      if (before != null) {
        for (int index = 0; index < window.length; index++) {
          window[index] = Math.max(window[index], before[index]);
        }
      }
      missing[text]--;
      weights.set(text, missing[text] == 0 ? null : window);
      if (missing[text] == 0) {
        finished.set(text, SparseVector.of(window));
      }
    }

    @Override
    public synchronized Weights finish() {
      return new Weights(finished, texts.tokens(), texts.windows());
    }
  }
}
