package io.onnxfleet.engine.text.pooling;

import io.onnxfleet.engine.tensor.Tensor;
import io.onnxfleet.engine.textsettings.PoolingMode;
import java.util.Arrays;
import java.util.List;

/**
 * How one vector for a window is made of what the model answers.
 *
 * @param modes whose vectors are joined; none if the model pools by itself and answers one a row
 */
public record Pooling(List<PoolingMode> modes) {
  /** The model pools by itself. */
  public static final Pooling MODEL = new Pooling(List.of());

  /** The mean of the tokens' vectors, special tokens included, padding left out. */
  public static final Pooling MEAN = new Pooling(List.of(PoolingMode.MEAN));

  /** The vector of the first token. */
  public static final Pooling CLS = new Pooling(List.of(PoolingMode.CLS));

  public Pooling {
    modes = List.copyOf(modes);
  }

  /** Of a row's tokens those that count. */
  public record Span(int first, int last, int afterPrompt) {
    /**
     * The tokens of a row.
     *
     * @param padding places before the first token that are padding
     * @param tokens that are none
     * @param promptTokens at their start that mean, maximum and sums leave out
     */
    public static Span of(int padding, int tokens, int promptTokens) {
      return new Span(
          padding, padding + tokens - 1, padding + Math.clamp(promptTokens, 0, tokens - 1));
    }
  }

  /** Numbers of a window's vector for each of a token's. */
  public int vectorsJoined() {
    return Math.max(1, modes.size());
  }

  /**
   * The vector of one row.
   *
   * @param output of a batch of one row; padding around its tokens may have been left or cut off
   */
  public float[] vectorOf(Tensor output, Span span) {
    int rank = modes.isEmpty() ? 2 : 3;
    TokenVectors tokens = TokenVectors.ofRow(output, rank, span.last() + 1);
    int dimensions = TokenVectors.dimensions(output);
    if (modes.isEmpty()) {
      float[] vector = new float[dimensions];
      tokens.read(0, vector);
      return vector;
    }
    float[] joined = new float[dimensions * modes.size()];
    int end = 0;
    for (PoolingMode mode : modes) {
      float[] vector = pool(mode, tokens, span, dimensions);
      if (modes.size() == 1) {
        return vector;
      }
      System.arraycopy(vector, 0, joined, end, dimensions);
      end += dimensions;
    }
    return joined;
  }

  private static float[] pool(PoolingMode mode, TokenVectors tokens, Span span, int dimensions) {
    int count = span.last() - span.afterPrompt() + 1;
    return switch (mode) {
      case CLS -> one(tokens, span.first(), dimensions);
      case LAST_TOKEN -> one(tokens, span.last(), dimensions);
      case MAX -> maximum(tokens, span, dimensions);
      case MEAN -> scaled(sum(tokens, span, dimensions), 1f / count);
      case MEAN_SQRT_LEN -> scaled(sum(tokens, span, dimensions), (float) (1 / Math.sqrt(count)));
      case WEIGHTED_MEAN -> weightedMean(tokens, span, dimensions);
    };
  }

  private static float[] one(TokenVectors tokens, int token, int dimensions) {
    float[] vector = new float[dimensions];
    tokens.read(token, vector);
    return vector;
  }

  private static float[] sum(TokenVectors tokens, Span span, int dimensions) {
    // A copied row is summed in vector registers, and stays in the first cache.
    float[] vector = new float[dimensions];
    float[] row = new float[dimensions];
    for (int token = span.afterPrompt(); token <= span.last(); token++) {
      tokens.read(token, row);
      for (int index = 0; index < row.length; index++) {
        vector[index] += row[index];
      }
    }
    return vector;
  }

  private static float[] scaled(float[] vector, float scale) {
    for (int index = 0; index < vector.length; index++) {
      vector[index] *= scale;
    }
    return vector;
  }

  private static float[] maximum(TokenVectors tokens, Span span, int dimensions) {
    float[] vector = new float[dimensions];
    Arrays.fill(vector, Float.NEGATIVE_INFINITY);
    float[] row = new float[dimensions];
    for (int token = span.afterPrompt(); token <= span.last(); token++) {
      tokens.read(token, row);
      for (int index = 0; index < row.length; index++) {
        vector[index] = Math.max(vector[index], row[index]);
      }
    }
    return vector;
  }

  /** The first token of the row weighs 1, also where a prompt's tokens are left out. */
  private static float[] weightedMean(TokenVectors tokens, Span span, int dimensions) {
    double[] sums = new double[dimensions];
    float[] row = new float[dimensions];
    double weights = 0;
    for (int token = span.afterPrompt(); token <= span.last(); token++) {
      tokens.read(token, row);
      double weight = token - span.first() + 1d;
      weights += weight;
      for (int index = 0; index < row.length; index++) {
        sums[index] += weight * row[index];
      }
    }
    float[] vector = new float[dimensions];
    for (int index = 0; index < dimensions; index++) {
      vector[index] = (float) (sums[index] / weights);
    }
    return vector;
  }
}
