package io.onnxfleet.engine.text.rerank;

import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.text.pooling.TokenVectors;
import java.util.Arrays;

/**
 * The vectors of a query's tokens at length 1, by dimension, so that one token of a document is
 * compared with all of them at once in vector registers. Immutable.
 *
 * @param count of tokens
 * @param dimensions of a vector
 * @param byDimension {@code count} numbers for each dimension
 */
@SuppressWarnings("ArrayRecordComponent") // inside the engine, and never written
public record QueryTokens(int count, int dimensions, float[] byDimension) {

  /**
   * Those of a row.
   *
   * @param first token of the row that counts
   */
  public static QueryTokens of(TokenVectors vectors, int first, int count, int dimensions) {
    float[] byDimension = new float[count * dimensions];
    float[] vector = new float[dimensions];
    for (int token = 0; token < count; token++) {
      vectors.read(first + token, vector);
      double scale = scale(vector);
      for (int dimension = 0; dimension < dimensions; dimension++) {
        byDimension[dimension * count + token] = (float) (vector[dimension] * scale);
      }
    }
    return new QueryTokens(count, dimensions, byDimension);
  }

  /** The mean over the query's tokens of the cosine with the nearest of a document's. */
  public double nearness(float... nearest) {
    double sum = 0;
    for (float cosine : nearest) {
      sum += cosine;
    }
    return sum / count;
  }

  /** For each of the query's tokens the cosine with the nearest of some of a document's. */
  public float[] nearest(TokenVectors vectors, int first, int tokens) {
    float[] nearest = new float[count];
    Arrays.fill(nearest, Float.NEGATIVE_INFINITY);
    float[] vector = new float[dimensions];
    float[] cosines = new float[count];
    for (int token = 0; token < tokens; token++) {
      vectors.read(first + token, vector);
      float scale = (float) scale(vector);
      Arrays.fill(cosines, 0);
      for (int dimension = 0; dimension < dimensions; dimension++) {
        float value = vector[dimension] * scale;
        int from = dimension * count;
        for (int each = 0; each < count; each++) {
          cosines[each] += byDimension[from + each] * value;
        }
      }
      for (int each = 0; each < count; each++) {
        nearest[each] = Math.max(nearest[each], cosines[each]);
      }
    }
    return nearest;
  }

  /** What makes a vector one of length 1; 0 for one of zeros, which is near to nothing. */
  private static double scale(float... vector) {
    double squares = 0;
    for (float value : vector) {
      squares += (double) value * value;
    }
    if (!Double.isFinite(squares)) {
      throw new InferenceException(
          ErrorCode.EXECUTION_FAILED, "the model answered NaN or Infinity (expected numbers)");
    }
    return squares == 0 ? 0 : 1 / Math.sqrt(squares);
  }
}
