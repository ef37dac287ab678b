package io.onnxfleet.inference.protocol.call;

import io.onnxfleet.engine.InferenceEngine;
import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.request.Deadline;
import io.onnxfleet.inference.configuration.InferenceProperties;
import io.onnxfleet.inference.lifecycle.Admission;
import io.onnxfleet.inference.protocol.connection.ClientConnection;
import jakarta.servlet.http.HttpServletRequest;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.springframework.stereotype.Component;

/**
 * The road of every call that runs a model, whichever protocol it speaks: through one bound and one
 * door, with a deadline, to the engine's future, which its own thread awaits. Thread-safe.
 */
@Component
public final class ModelCalls {
  private final RequestBound bound;
  private final Admission admission;
  private final InferenceEngine engine;
  private final InferenceProperties properties;

  ModelCalls(
      RequestBound bound,
      Admission admission,
      InferenceEngine engine,
      InferenceProperties properties) {
    this.bound = bound;
    this.admission = admission;
    this.engine = engine;
    this.properties = properties;
  }

  /**
   * Lets a call in, until its stay is closed.
   *
   * @throws InferenceException with {@link ErrorCode#QUEUE_FULL} above the bound, with {@link
   *     ErrorCode#SHUTTING_DOWN} once the replica is going away
   */
  public Stay enter() {
    RequestBound.Place place = bound.enter();
    try {
      return new Stay(place, admission.enter());
    } catch (InferenceException shut) {
      place.close();
      throw shut;
    }
  }

  /**
   * When the answer is worth nothing any more.
   *
   * @param accepted when the request came, by the engine's clock
   */
  public Deadline deadline(HttpServletRequest request, long accepted) {
    return Deadlines.of(request, properties.defaultDeadline(), () -> accepted);
  }

  /**
   * Waits for an answer until the deadline, or until the client leaves.
   *
   * @param discard takes an answer that came at the same moment as the cancellation
   * @throws InferenceException what the answer failed with, {@link ErrorCode#DEADLINE_EXCEEDED} or
   *     {@link ErrorCode#CANCELLED}
   */
  public <T> T await(
      CompletableFuture<T> answer,
      Deadline deadline,
      HttpServletRequest request,
      Consumer<? super T> discard) {
    return ClientConnection.of(request)
        .await(answer, deadline.remainingNanos(engine.ticker().nanoTime()), discard);
  }

  /** One call's stay; closing it twice does nothing more. */
  public static final class Stay implements AutoCloseable {
    private final RequestBound.Place place;
    private final Admission.Pass pass;

    private Stay(RequestBound.Place place, Admission.Pass pass) {
      this.place = place;
      this.pass = pass;
    }

    @Override
    public void close() {
      pass.close();
      place.close();
    }
  }
}
