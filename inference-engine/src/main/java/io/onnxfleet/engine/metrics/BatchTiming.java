package io.onnxfleet.engine.metrics;

/**
 * One execution of a model; durations in nanoseconds.
 *
 * @param requests how many requests (or pieces of large ones) shared it
 * @param rows its size along the batch axis
 * @param tokens that were run: all rows, each as long as the longest; a row of a model whose rows
 *     have no length is one
 * @param paddingTokens how many of them were padding: behind shorter rows, and in rows that were
 *     filled up
 */
public record BatchTiming(
    int requests,
    long rows,
    long tokens,
    long paddingTokens,
    long computeInput,
    long computeInfer,
    long computeOutput) {

  /** The share of its tokens that were padding, 0 to 1. */
  public double paddedRatio() {
    return tokens == 0 ? 0 : (double) paddingTokens / tokens;
  }
}
