package io.onnxfleet.engine.batching;

import io.onnxfleet.engine.request.Deadline;

/**
 * An open batch as a {@link BatchingPolicy} sees it: the item that leads, and those that would go
 * with it, in their order. Good only during the call that it was given to.
 */
public interface QueueView {
  /** The key that all the items have. */
  Object shapeKey();

  /** Most rows of a batch. */
  int maxBatchSize();

  /** Rows of all the items that would go together now. */
  int rows();

  /** The length that these items would be padded to. */
  long length();

  /** Rows of the longest run of these items, from the first, that has at most {@code limit}. */
  int rowsWithin(int limit);

  /** True if no further item can join: the maximum is reached, or the next item is too large. */
  boolean isFull();

  /** The ticker's reading when the one of these items that has waited longest was accepted. */
  long oldestNanos();

  /** The ticker's reading when the one of these items that came last was accepted. */
  long newestNanos();

  /** The first deadline among these items. */
  Deadline earliestDeadline();

  /** What goes on around the batch. */
  Situation situation();
}
