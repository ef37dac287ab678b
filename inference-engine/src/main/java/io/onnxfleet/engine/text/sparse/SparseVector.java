package io.onnxfleet.engine.text.sparse;

/**
 * What a text weighs, where that is more than nothing.
 *
 * @param indices token ids, ascending
 * @param values of each, above 0
 */
@SuppressWarnings("ArrayRecordComponent") // made once, and never written
public record SparseVector(int[] indices, float[] values) {
  static SparseVector of(float[] weights) {
    int count = 0;
    for (float weight : weights) {
      count += weight > 0 ? 1 : 0;
    }
    int[] indices = new int[count];
    float[] values = new float[count];
    int at = 0;
    for (int index = 0; index < weights.length; index++) {
      if (weights[index] > 0) {
        indices[at] = index;
        values[at++] = weights[index];
      }
    }
    return new SparseVector(indices, values);
  }
}
