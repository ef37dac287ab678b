package io.onnxfleet.engine.text.rerank;

import io.onnxfleet.engine.text.TextTask;
import io.onnxfleet.engine.text.tokenization.TextInput;
import io.onnxfleet.engine.text.tokenization.TokenizedTexts;
import java.util.ArrayList;
import java.util.List;

/** Compares documents' vectors with those of the query, which is the call's first text. */
abstract class VectorTask implements TextTask<Relevances> {
  /** Below what any document has that says anything. */
  static final double LEAST = -1;

  @Override
  public final String name() {
    return "reranking";
  }

  @Override
  public final String argument(int text) {
    return text == 0 ? TextInput.QUERY : Reranking.argumentOfDocument(text - 1);
  }

  @Override
  public final int leading() {
    return 1;
  }

  /** Such a document is the least relevant. */
  @Override
  public final boolean takesEmptyTexts() {
    return true;
  }

  /** The documents' answer, which leaves out the query's own place. */
  static Relevances relevances(TokenizedTexts texts, double... values) {
    List<Relevances.Relevance> relevances = new ArrayList<>(values.length - 1);
    for (int text = 1; text < values.length; text++) {
      relevances.add(
          new Relevances.Relevance(values[text], Math.clamp((1 + values[text]) / 2, 0, 1)));
    }
    return new Relevances(
        relevances, texts.tokens(), texts.windows().subList(1, texts.windows().size()));
  }
}
