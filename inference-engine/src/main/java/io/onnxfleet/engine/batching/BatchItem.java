package io.onnxfleet.engine.batching;

import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.request.Deadline;
import io.onnxfleet.engine.request.PriorityLevels;

/**
 * One request, or one piece of a request that was split, while it waits for its batch.
 *
 * <p>Once accepted by a {@link BatchScheduler} an item leaves it exactly once and in exactly one
 * way: in a {@link Batch}, through {@link #fail}, or by a {@link BatchScheduler#remove} that
 * answers true. Items are told apart by identity. What they answer must not change while they wait,
 * {@link #isCancelled} excepted.
 */
public interface BatchItem {
  /** What the item adds to the size of a batch; at least 1. */
  int rows();

  /**
   * Only items of equal keys share a batch. The key's {@code equals} and {@code hashCode} are
   * called under the scheduler's lock.
   */
  Object shapeKey();

  /** Size along the axis that batch mates are padded to in common; 0 if there is none. */
  default long length() {
    return 0;
  }

  /**
   * Whom the item is from: callers share the executors fairly, however much each of them queues.
   * Empty for those who are not told apart, who count as one.
   */
  default String caller() {
    return "";
  }

  /**
   * 1 (highest) to the scheduler's number of levels, or {@link PriorityLevels#BACKGROUND}. 0, or
   * another number above the levels, stands for the scheduler's default.
   */
  int priority();

  /** When the item is to be dropped if no batch has taken it. */
  Deadline deadline();

  /**
   * True once nobody waits for the answer; polled when a batch is formed. Called under the
   * scheduler's lock, so it answers at once, neither throws nor calls back.
   */
  boolean isCancelled();

  /**
   * The item was dropped: it expired, was cancelled, or the scheduler shut down. Called at most
   * once, by any thread that uses the scheduler, outside its lock.
   */
  void fail(InferenceException reason);
}
