package io.onnxfleet.engine.instance;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.metrics.RequestTiming;
import io.onnxfleet.engine.request.InferenceRequest;
import io.onnxfleet.engine.request.InferenceResponse;
import io.onnxfleet.engine.tensor.BufferPool;
import io.onnxfleet.engine.tensor.NamedTensor;
import io.onnxfleet.engine.tensor.Tensor;
import io.onnxfleet.engine.tensor.TensorRows;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * A caller's request while its pieces (one, unless it is larger than a batch) wait and run. Its
 * answer completes exactly once: with the outputs of all pieces joined, with the first failure, or
 * by the caller's cancellation. Thread-safe.
 */
final class PendingRequest {
  private final InferenceRequest request;
  private final VersionEvents events;
  private final BufferPool pool;
  private final List<String> outputNames;
  private final long accepted;
  private final List<PendingPiece> pieces;
  private final CompletableFuture<InferenceResponse> answer = new CompletableFuture<>();

  /** By piece; null until it succeeded, and again once they were taken. */
  @GuardedBy("this")
  private final List<@Nullable List<Tensor>> outputs = new ArrayList<>();

  /** Set by whoever ends the request; what comes later changes nothing. */
  private final AtomicBoolean ended = new AtomicBoolean();

  @GuardedBy("this")
  private int open;

  @GuardedBy("this")
  private RequestTiming timing = new RequestTiming(0, 0, 0, 0, 0, 0);

  @SuppressWarnings("this-escape") // pieces only keep the reference
  PendingRequest(
      InferenceRequest request,
      List<BoundRequest> bound,
      List<String> outputNames,
      VersionEvents events,
      BufferPool pool) {
    this.request = request;
    this.events = events;
    this.pool = pool;
    this.outputNames = outputNames;
    this.accepted = events.now();
    this.open = bound.size();
    List<PendingPiece> all = new ArrayList<>(bound.size());
    for (BoundRequest piece : bound) {
      all.add(new PendingPiece(this, all.size(), piece));
      outputs.add(null);
    }
    this.pieces = List.copyOf(all);
  }

  static InferenceException cancelled() {
    return new InferenceException(ErrorCode.CANCELLED, "the caller gave up");
  }

  List<PendingPiece> pieces() {
    return pieces;
  }

  CompletableFuture<InferenceResponse> answer() {
    return answer;
  }

  InferenceRequest request() {
    return request;
  }

  long accepted() {
    return accepted;
  }

  /** True once nobody waits for the answer any more. */
  boolean isDone() {
    return answer.isDone();
  }

  /** Takes the outputs of a piece over, in the order asked for. */
  void pieceSucceeded(int index, List<Tensor> pieceOutputs, RequestTiming pieceTiming) {
    List<List<Tensor>> complete;
    RequestTiming total;
    synchronized (this) {
      outputs.set(index, pieceOutputs);
      timing =
          new RequestTiming(
              timing.rows() + pieceTiming.rows(),
              0,
              Math.max(timing.queue(), pieceTiming.queue()),
              timing.computeInput() + pieceTiming.computeInput(),
              timing.computeInfer() + pieceTiming.computeInfer(),
              timing.computeOutput() + pieceTiming.computeOutput());
      open--;
      if (open > 0) {
        return;
      }
      complete = takeOutputs();
      total = timing;
    }
    if (complete.size() < pieces.size()) {
      complete.forEach(PendingRequest::closeAll);
      return;
    }
    succeed(complete, total);
  }

  /** The whole request fails with its first piece that does; what else it has is dropped. */
  void pieceFailed(InferenceException reason) {
    List<List<Tensor>> dropped = List.of();
    synchronized (this) {
      open--;
      if (open == 0) {
        dropped = takeOutputs();
      }
    }
    dropped.forEach(PendingRequest::closeAll);
    fail(reason);
  }

  /** Ends the request without an answer; only the first end counts. */
  void fail(InferenceException reason) {
    if (ended.compareAndSet(false, true)) {
      events.requestFailed(reason.code(), accepted);
      answer.completeExceptionally(reason);
    }
  }

  private void succeed(List<List<Tensor>> complete, RequestTiming total) {
    InferenceResponse response;
    try {
      response = respond(complete);
    } catch (InferenceException failure) {
      fail(failure);
      return;
    } catch (RuntimeException | Error failure) {
      fail(new InferenceException(ErrorCode.EXECUTION_FAILED, "joining the outputs", failure));
      return;
    }
    // Counted before it is told, so that who has the answer finds it in the statistics.
    if (ended.compareAndSet(false, true)) {
      events.requestSucceeded(total, accepted);
      if (answer.complete(response)) {
        return;
      }
    }
    response.close();
  }

  private InferenceResponse respond(List<List<Tensor>> complete) {
    List<NamedTensor> named = new ArrayList<>(outputNames.size());
    try {
      for (int output = 0; output < outputNames.size(); output++) {
        int position = output;
        List<Tensor> parts = complete.stream().map(piece -> piece.get(position)).toList();
        named.add(new NamedTensor(outputNames.get(output), TensorRows.join(pool, parts)));
      }
    } catch (Throwable failure) {
      named.forEach(output -> output.tensor().close());
      throw failure;
    } finally {
      complete.forEach(PendingRequest::closeAll);
    }
    return new InferenceResponse(request.id(), request.modelName(), events.id().version(), named);
  }

  @GuardedBy("this")
  private List<List<Tensor>> takeOutputs() {
    List<List<Tensor>> taken = new ArrayList<>(outputs.size());
    for (int index = 0; index < outputs.size(); index++) {
      List<Tensor> pieceOutputs = outputs.set(index, null);
      if (pieceOutputs != null) {
        taken.add(pieceOutputs);
      }
    }
    return taken;
  }

  private static void closeAll(List<Tensor> tensors) {
    tensors.forEach(Tensor::close);
  }
}
