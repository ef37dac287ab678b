package io.onnxfleet.inference.protocol.connection;

import com.google.errorprone.annotations.concurrent.GuardedBy;
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
import org.apache.coyote.Request;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The other end of a request whose body was read. While an answer is awaited, nobody else looks at
 * the connection, so {@link ConnectionWatch} does: servlets have no event for a client that leaves
 * without a word.
 *
 * <p>Used by the one thread that serves the request.
 */
public final class ClientConnection {
  static final String ATTRIBUTE = ClientConnection.class.getName();

  private static final Logger log = LoggerFactory.getLogger(ClientConnection.class);

  private final Request request;
  private final ConnectionWatch watch;

  /** What is awaited; the connection is looked at only while there is something. */
  @GuardedBy("this")
  private @Nullable Future<?> awaited;

  ClientConnection(Request request, ConnectionWatch watch) {
    this.request = request;
    this.watch = watch;
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
    return await(answer, Long.MAX_VALUE, discard);
  }

  /**
   * The same for that long at most: an answer that comes later is worth nothing. What it was merged
   * with goes on.
   *
   * @throws InferenceException also with {@link ErrorCode#DEADLINE_EXCEEDED}
   */
  public <T> T await(CompletableFuture<T> answer, long nanos, Consumer<? super T> discard) {
    await(answer);
    watch.add(this);
    try {
      return answer.get(Math.max(0, nanos), TimeUnit.NANOSECONDS);
    } catch (TimeoutException late) {
      if (!answer.cancel(true) && answer.state() == Future.State.SUCCESS) {
        return answer.resultNow();
      }
      throw new InferenceException(
          ErrorCode.DEADLINE_EXCEEDED, "the deadline passed while an answer was awaited", late);
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
      answer.cancel(true);
      if (answer.state() == Future.State.SUCCESS) {
        discard.accept(answer.resultNow());
      }
      throw new InferenceException(ErrorCode.CANCELLED, "interrupted", interrupted);
    } catch (CancellationException cancelled) {
      throw new InferenceException(ErrorCode.CANCELLED, "the client went away", cancelled);
    } catch (ExecutionException failure) {
      if (failure.getCause() instanceof InferenceException refused) {
        throw refused;
      }
      throw new IllegalStateException("the engine failed", failure.getCause());
    } finally {
      watch.remove(this);
      await(null);
    }
  }

  private synchronized void await(@Nullable Future<?> answer) {
    awaited = answer;
  }

  /** Cancels what is awaited if nobody is there to take it. Called by the watch's thread. */
  void cancelIfGone() {
    Future<?> wanted;
    synchronized (this) {
      wanted = awaited;
      if (wanted == null || !isGone()) {
        return;
      }
    }
    wanted.cancel(true);
  }

  private boolean isGone() {
    try {
      return WatchedHttp11Protocol.isClientGone(request);
    } catch (RuntimeException failure) {
      log.warn("a connection could not be looked at", failure);
      return false;
    }
  }
}
