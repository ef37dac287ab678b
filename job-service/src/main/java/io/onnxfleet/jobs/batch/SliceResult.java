package io.onnxfleet.jobs.batch;

import org.jspecify.annotations.Nullable;

/**
 * What came of a slice.
 *
 * @param output the answers, in line order; null if there are none
 * @param errors the other lines, in line order; null if there are none
 * @param completed lines with an answer
 * @param failed the others
 */
public record SliceResult(
    @Nullable Written output, @Nullable Written errors, int completed, int failed, long tokens) {

  /** An object. */
  public record Written(String object, long size) {}
}
