package io.onnxfleet.engine.text.rerank;

import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.text.AnsweredRow;
import io.onnxfleet.engine.text.TextTask;
import io.onnxfleet.engine.text.TextVersion;
import io.onnxfleet.engine.text.pooling.TokenVectors;
import io.onnxfleet.engine.text.tokenization.TokenizedTexts;
import io.onnxfleet.engine.textsettings.ScoreFunction;
import java.util.Arrays;

/**
 * Reads query and document together; the model answers how relevant the one is to the other. Of two
 * logits the second says that it is.
 */
final class CrossEncoderTask implements TextTask<Relevances> {
  @Override
  public String name() {
    return "reranking";
  }

  @Override
  public String argument(int text) {
    return Reranking.argumentOfDocument(text);
  }

  @Override
  public Reduction<Relevances> begin(TextVersion version, TokenizedTexts texts) {
    BestWindows best = new BestWindows(texts.texts().size(), Double.NEGATIVE_INFINITY);
    return new Reduction<>() {
      @Override
      public void add(AnsweredRow row) {
        best.add(row.text(), relevance(TokenVectors.finiteRow(row.output())));
      }

      @Override
      public Relevances finish() {
        return new Relevances(
            Arrays.stream(best.values())
                .mapToObj(raw -> new Relevances.Relevance(raw, ScoreFunction.sigmoid(raw)))
                .toList(),
            texts.tokens(),
            texts.windows());
      }
    };
  }

  /** The softmax of two is the sigmoid of their difference. */
  private static double relevance(float... logits) {
    return switch (logits.length) {
      case 1 -> logits[0];
      case 2 -> (double) logits[1] - logits[0];
      default ->
          throw new InferenceException(
              ErrorCode.EXECUTION_FAILED,
              "the model answered %d logits (expected 1 or 2)".formatted(logits.length));
    };
  }
}
