package io.onnxfleet.benchmarks.policies;

import io.onnxfleet.engine.batching.BatchItem;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.request.Deadline;

/** A request of one row that only remembers when it came. */
final class SimulatedRequest implements BatchItem {
  final int client;
  final long arrivedNanos;
  private final long length;
  private final Deadline deadline;

  SimulatedRequest(int client, long arrivedNanos, long length, Deadline deadline) {
    this.client = client;
    this.arrivedNanos = arrivedNanos;
    this.length = length;
    this.deadline = deadline;
  }

  @Override
  public int rows() {
    return 1;
  }

  @Override
  public long length() {
    return length;
  }

  @Override
  public Object shapeKey() {
    return "";
  }

  @Override
  public int priority() {
    return 0;
  }

  @Override
  public Deadline deadline() {
    return deadline;
  }

  @Override
  public boolean isCancelled() {
    return false;
  }

  @Override
  public void fail(InferenceException reason) {
    // Whatever is not answered counts as lost.
  }
}
