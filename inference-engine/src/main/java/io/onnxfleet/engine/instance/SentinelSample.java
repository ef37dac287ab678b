package io.onnxfleet.engine.instance;

import java.util.List;

/**
 * One row of a batch that was run, and the answer that it was given.
 *
 * @param inputs of that row alone, at its own length
 * @param outputs that it was given
 * @param outputIndexes their places among the model's
 * @param length of the row
 * @param batch what it was run with, in words
 * @param stratum why it was chosen
 * @param keptAt when it was chosen
 */
@SuppressWarnings("ArrayRecordComponent") // compared by identity only
record SentinelSample(
    Sentinel owner,
    List<KeptTensor> inputs,
    List<KeptTensor> outputs,
    int[] outputIndexes,
    long length,
    String batch,
    Stratum stratum,
    long keptAt) {

  /** Why a sample was chosen. */
  sealed interface Stratum {
    /** Its batch held larger values than any before that was found to be answered alike. */
    record Larger(Magnitudes magnitudes) implements Stratum {}

    /** Its batch was the first of its shape. */
    record FirstOfShape(Object shape) implements Stratum {}

    /** By chance. */
    record Chance() implements Stratum {}
  }

  /** True if this goes before an older one: larger magnitudes first, the others by age. */
  boolean goesBefore(SentinelSample older) {
    return stratum instanceof Stratum.Larger(Magnitudes larger)
        && !(older.stratum instanceof Stratum.Larger(Magnitudes others)
            && others.total() >= larger.total());
  }

  long bytes() {
    long bytes = 0;
    for (KeptTensor tensor : inputs) {
      bytes += tensor.data().length;
    }
    for (KeptTensor tensor : outputs) {
      bytes += tensor.data().length;
    }
    return bytes;
  }

  @Override
  public boolean equals(Object other) {
    return this == other;
  }

  @Override
  public int hashCode() {
    return System.identityHashCode(this);
  }
}
