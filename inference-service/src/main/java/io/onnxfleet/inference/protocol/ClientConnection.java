package io.onnxfleet.inference.protocol;

import io.onnxfleet.engine.error.ErrorCode;
import io.onnxfleet.engine.error.InferenceException;
import jakarta.servlet.http.HttpServletRequest;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.apache.coyote.ActionCode;
import org.apache.coyote.Request;

/**
 * The other end of a request whose body was read. While an answer is awaited, nobody else looks at
 * the connection, so this does, a few times a second: servlets have no event for a client that
 * leaves without a word.
 *
 * <p>Used by the one thread that serves the request.
 */
public final class ClientConnection {
  static final String ATTRIBUTE = ClientConnection.class.getName();

  private static final long LOOK_EVERY_MILLIS = 100;

  private final Request request;

  ClientConnection(Request request) {
    this.request = request;
  }

  /** The connection of a request, left there by {@link ConnectionValve}. */
  public static ClientConnection of(HttpServletRequest request) {
    if (request.getAttribute(ATTRIBUTE) instanceof ClientConnection connection) {
      return connection;
    }
    throw new IllegalStateException(ConnectionValve.class + " is not installed");
  }

  /**
   * Waits for an answer. It is cancelled if the client leaves first, or this thread is interrupted.
   *
   * @param discard takes an answer that came at the same moment as the cancellation
   * @throws InferenceException what the answer failed with, or {@link ErrorCode#CANCELLED}
   */
  public <T> T await(CompletableFuture<T> answer, Consumer<? super T> discard) {
    try {
      while (true) {
        try {
          return answer.get(LOOK_EVERY_MILLIS, TimeUnit.MILLISECONDS);
        } catch (TimeoutException stillWaiting) {
          if (isGone()) {
            throw cancelled(answer, discard, "the client went away");
          }
        }
      }
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      throw cancelled(answer, discard, "interrupted");
    } catch (CancellationException cancelled) {
      throw new InferenceException(ErrorCode.CANCELLED, "cancelled", cancelled);
    } catch (ExecutionException failure) {
      if (failure.getCause() instanceof InferenceException refused) {
        throw refused;
      }
      throw new IllegalStateException("the engine failed", failure.getCause());
    }
  }

  private static <T> InferenceException cancelled(
      CompletableFuture<T> answer, Consumer<? super T> discard, String reason) {
    answer.cancel(true);
    if (answer.state() == Future.State.SUCCESS) {
      discard.accept(answer.resultNow());
    }
    return new InferenceException(ErrorCode.CANCELLED, reason);
  }

  // Tomcat reads what is there without waiting, and says 1 where the connection has ended. What
  // belongs to a next request on the same connection stays in its buffer.
  private boolean isGone() {
    request.action(ActionCode.AVAILABLE, true);
    return request.getAvailable() == 1;
  }
}
