package io.onnxfleet.engine.instance;

import io.onnxfleet.engine.batching.BatchItem;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.metrics.RequestTiming;
import io.onnxfleet.engine.request.Deadline;
import io.onnxfleet.engine.tensor.Tensor;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;

/**
 * What of a request goes into one batch. Its inputs are given up exactly once: when it is dropped
 * while it waits, or after its run, never under a run. Thread-safe.
 */
final class PendingPiece implements BatchItem {
  private enum Stage {
    WAITING,
    RUNNING,
    ENDED
  }

  private final PendingRequest request;
  private final int index;
  private final BoundRequest bound;
  private final AtomicReference<Stage> stage = new AtomicReference<>(Stage.WAITING);

  PendingPiece(PendingRequest request, int index, BoundRequest bound) {
    this.request = request;
    this.index = index;
    this.bound = bound;
  }

  BoundRequest bound() {
    return bound;
  }

  long accepted() {
    return request.accepted();
  }

  @Override
  public int rows() {
    return bound.weight();
  }

  @Override
  public Object shapeKey() {
    return bound.shapeKey();
  }

  @Override
  public long length() {
    return bound.length();
  }

  @Override
  public String caller() {
    String caller = request.request().caller();
    return caller == null ? "" : caller;
  }

  @Override
  public int priority() {
    return request.request().priority();
  }

  @Override
  public Deadline deadline() {
    return request.request().deadline();
  }

  @Override
  public boolean isCancelled() {
    return request.isDone();
  }

  /** Drops the piece if it still waits, and with it the request; later calls do nothing. */
  @Override
  public void fail(InferenceException reason) {
    if (stage.compareAndSet(Stage.WAITING, Stage.ENDED)) {
      bound.close();
      request.pieceFailed(reason);
    }
  }

  /** Claims the piece for a run, during which only the runner ends it; false if it was dropped. */
  boolean start() {
    if (request.isDone()) {
      fail(PendingRequest.cancelled());
      return false;
    }
    return stage.compareAndSet(Stage.WAITING, Stage.RUNNING);
  }

  /** Ends the run with an output tensor for each one asked for, which the request takes over. */
  void succeed(List<Tensor> outputs, RequestTiming timing) {
    end();
    request.pieceSucceeded(index, outputs, timing);
  }

  /** Ends the run without outputs. */
  void failRun(InferenceException reason) {
    end();
    request.pieceFailed(reason);
  }

  private void end() {
    if (!stage.compareAndSet(Stage.RUNNING, Stage.ENDED)) {
      throw new IllegalStateException("a run ended twice, or before it began: " + stage.get());
    }
    bound.close();
  }
}
