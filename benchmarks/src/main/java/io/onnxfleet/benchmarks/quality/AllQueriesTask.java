package io.onnxfleet.benchmarks.quality;

import io.onnxfleet.engine.text.AnsweredRow;
import io.onnxfleet.engine.text.TextTask;
import io.onnxfleet.engine.text.TextVersion;
import io.onnxfleet.engine.text.pooling.TextVector;
import io.onnxfleet.engine.text.pooling.TokenVectors;
import io.onnxfleet.engine.text.rerank.QueryTokens;
import io.onnxfleet.engine.text.tokenization.TokenizedTexts;
import io.onnxfleet.engine.textsettings.SimilarityFunction;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Compares each text with many queries at once, in both ways, by its best window: what as many
 * rerank calls would answer, without running the model as often.
 *
 * @param queries none while the queries' own vectors are made
 */
record AllQueriesTask(List<Query> queries) implements TextTask<List<AllQueriesTask.Compared>> {

  /** A query's tokens and its vector. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Query(QueryTokens tokens, float[] vector) {}

  /**
   * What a text is to each query.
   *
   * @param itself as a query
   * @param late by late interaction, of each query's token the cosine with the nearest one
   * @param window by late interaction with the best window
   * @param cosine by the cosine of vectors
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Compared(Query itself, float[][] late, double[] window, double[] cosine) {}

  @Override
  public String name() {
    return "comparing";
  }

  @Override
  public Reduction<List<Compared>> begin(TextVersion version, TokenizedTexts texts) {
    List<Compared> all = new ArrayList<>(Collections.nCopies(texts.texts().size(), null));
    return new Reduction<>() {
      @Override
      public void add(AnsweredRow row) {
        Compared window = compared(version, row);
        synchronized (all) {
          Compared before = all.get(row.text());
          all.set(row.text(), before == null ? window : best(before, window));
        }
      }

      @Override
      public List<Compared> finish() {
        return all;
      }
    };
  }

  private Compared compared(TextVersion version, AnsweredRow row) {
    int count = row.window().length();
    TextVector pooled = new TextVector();
    pooled.add(version.model().pooling().vectorOf(row.output(), row.tokens()), 1);
    float[] vector = pooled.finished(version.layers(), true);
    TokenVectors tokens = TokenVectors.ofRow(row.output(), 3, row.firstToken() + count);
    float[][] late =
        queries.stream()
            .map(query -> nearest(query.tokens(), tokens, row.firstToken(), count))
            .toArray(float[][]::new);
    return new Compared(
        new Query(
            QueryTokens.of(tokens, row.firstToken(), count, TokenVectors.dimensions(row.output())),
            vector),
        late,
        IntStream.range(0, late.length)
            .mapToDouble(index -> queries.get(index).tokens().nearness(late[index]))
            .toArray(),
        queries.stream()
            .mapToDouble(query -> SimilarityFunction.COSINE.of(query.vector(), vector))
            .toArray());
  }

  private static float[] nearest(QueryTokens query, TokenVectors tokens, int first, int count) {
    if (count > 0) {
      return query.nearest(tokens, first, count);
    }
    float[] none = new float[query.count()];
    Arrays.fill(none, -1);
    return none;
  }

  private static Compared best(Compared one, Compared other) {
    float[][] late = new float[one.late().length][];
    for (int query = 0; query < late.length; query++) {
      late[query] = one.late()[query].clone();
      for (int token = 0; token < late[query].length; token++) {
        late[query][token] = Math.max(late[query][token], other.late()[query][token]);
      }
    }
    return new Compared(
        one.itself(), late, best(one.window(), other.window()), best(one.cosine(), other.cosine()));
  }

  private static double[] best(double[] one, double[] other) {
    return IntStream.range(0, one.length)
        .mapToDouble(index -> Math.max(one[index], other[index]))
        .toArray();
  }
}
