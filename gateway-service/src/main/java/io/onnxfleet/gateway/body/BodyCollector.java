package io.onnxfleet.gateway.body;

import io.onnxfleet.contract.api.ErrorCode;
import io.onnxfleet.gateway.admission.ByteBudget;
import io.onnxfleet.gateway.failure.GatewayException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Subscription;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferUtils;
import org.springframework.core.io.buffer.DefaultDataBufferFactory;
import reactor.core.publisher.BaseSubscriber;
import reactor.core.publisher.Flux;
import reactor.core.publisher.FluxSink;
import reactor.core.publisher.Mono;
import reactor.core.publisher.MonoSink;

/**
 * Takes in one body whose size is not known to be too large to keep. It is kept while it fits the
 * limit and the shared budget, as one if it is small, else in the pieces that came. The first piece
 * that does not fit turns the body into a stream: what was kept goes first, and from there on a
 * piece is read from the client when the replica has taken one.
 *
 * <p>Pieces are copied into the heap and their network buffers released at once, so that a kept
 * body holds nothing that could leak. Whoever made a collector calls {@link #release} when the
 * request ends, however it ends.
 *
 * <p>The source's signals come one after another; {@link #attach} and {@link #release} come from
 * other threads, so what they share is guarded by this object's monitor. Nothing outside is called
 * under it but the budget.
 */
final class BodyCollector extends BaseSubscriber<DataBuffer> {

  /** How the source ended; without an error, well. */
  private record End(@Nullable Throwable error) {}

  private final BodyLimits limits;
  private final ByteBudget budget;
  private final long declaredLength;
  private final Supplier<@Nullable Throwable> failureAtEnd;
  private @Nullable MonoSink<RequestBody> sink;

  /** Touched by the source's signals; handed over to {@link #attach} with the body. */
  private final List<byte[]> chunks = new ArrayList<>(2);

  private long size;
  private boolean streaming;

  // Guarded by this object's monitor.
  private long reserved;
  private boolean released;
  private @Nullable DataBuffer overflow;
  private @Nullable FluxSink<DataBuffer> rest;
  private @Nullable End end;

  /**
   * A collector for one body.
   *
   * @param declaredLength the body's length as the client says, or -1
   * @param failureAtEnd says of a body that has ended why it is not whole, null if it is
   */
  BodyCollector(
      BodyLimits limits,
      ByteBudget budget,
      long declaredLength,
      Supplier<@Nullable Throwable> failureAtEnd) {
    this.limits = limits;
    this.budget = budget;
    this.declaredLength = declaredLength;
    this.failureAtEnd = failureAtEnd;
  }

  /** Starts. Called once. */
  Mono<RequestBody> collect(Flux<DataBuffer> source) {
    return Mono.create(
        to -> {
          sink = to;
          source.subscribe(this);
        });
  }

  @Override
  protected void hookOnSubscribe(Subscription subscription) {
    subscription.request(1);
  }

  @Override
  protected void hookOnNext(DataBuffer piece) {
    int length = piece.readableByteCount();
    size += length;
    if (size > limits.most()) {
      refuse(piece, limits.tooLarge(size));
    } else if (streaming) {
      pass(piece);
    } else if (limits.mustKeep()) {
      if (reserveOrGiveBack(length)) {
        keep(piece, length);
      } else {
        refuse(piece, noMemory());
      }
    } else if (size <= limits.keep() && reserve(length)) {
      keep(piece, length);
    } else {
      stream(piece);
    }
  }

  private void keep(DataBuffer piece, int length) {
    byte[] chunk;
    try {
      chunk = new byte[length];
    } catch (OutOfMemoryError none) {
      // Reactor tells nobody of such an error: the request would keep its memory until its
      // deadline.
      chunks.clear();
      refuse(piece, noMemory());
      return;
    }
    piece.read(chunk);
    DataBufferUtils.release(piece);
    chunks.add(chunk);
    request(1);
  }

  private GatewayException noMemory() {
    return new GatewayException(
        ErrorCode.GATEWAY_OVERLOADED,
        "no memory is left to keep a body of " + size + " bytes or more (expected: later)");
  }

  @Override
  protected void hookOnComplete() {
    Throwable failure = failureAtEnd.get();
    if (failure != null) {
      hookOnError(failure);
    } else if (streaming) {
      finish(new End(null));
    } else if (chunks.size() == 1 && size <= limits.join()) {
      succeed(new RequestBody.Kept(chunks.getFirst()));
    } else if (size <= limits.join() && reserve((int) size)) {
      succeed(new RequestBody.Kept(joined()));
    } else {
      succeed(new RequestBody.Held(List.copyOf(chunks), size));
    }
  }

  @Override
  protected void hookOnError(Throwable error) {
    finish(new End(limits.brokenOff(error, size)));
  }

  /** Gives the memory back and, if nobody took the stream, lets go of the client's body. */
  void release() {
    DataBuffer unsent;
    synchronized (this) {
      if (released) {
        return;
      }
      released = true;
      budget.release(reserved);
      unsent = overflow;
      overflow = null;
    }
    cancel();
    if (unsent != null) {
      DataBufferUtils.release(unsent);
    }
  }

  private synchronized boolean reserve(int bytes) {
    if (released || !budget.tryReserve(bytes)) {
      return false;
    }
    reserved += bytes;
    return true;
  }

  private synchronized boolean reserveOrGiveBack(int bytes) {
    if (released) {
      return false;
    }
    if (!budget.tryReserveOrGiveBack(bytes, reserved)) {
      chunks.clear();
      reserved = 0;
      return false;
    }
    reserved += bytes;
    return true;
  }

  private synchronized void unreserve(int bytes) {
    if (!released) {
      budget.release(bytes);
      reserved -= bytes;
    }
  }

  private void refuse(DataBuffer piece, GatewayException refusal) {
    DataBufferUtils.release(piece);
    cancel();
    finish(new End(refusal));
  }

  private void stream(DataBuffer piece) {
    streaming = true;
    boolean late;
    synchronized (this) {
      late = released;
      if (!late) {
        overflow = piece;
      }
    }
    if (late) {
      DataBufferUtils.release(piece);
      return;
    }
    succeed(
        new RequestBody.Streamed(
            Flux.create(this::attach, FluxSink.OverflowStrategy.BUFFER), declaredLength));
  }

  /** INVARIANT: nothing is requested between the overflow and the attachment. */
  private void pass(DataBuffer piece) {
    FluxSink<DataBuffer> to;
    synchronized (this) {
      to = rest;
    }
    if (to == null) {
      DataBufferUtils.release(piece);
      throw new IllegalStateException("a piece of the body came unasked");
    }
    to.next(piece);
  }

  private void finish(End how) {
    if (!streaming) {
      if (sink != null && how.error != null) {
        sink.error(how.error);
      }
      return;
    }
    FluxSink<DataBuffer> to;
    synchronized (this) {
      end = how;
      to = rest;
    }
    if (to != null) {
      tell(to, how);
    }
  }

  private void succeed(RequestBody body) {
    if (sink != null) {
      sink.success(body);
    }
  }

  private void attach(FluxSink<DataBuffer> to) {
    for (byte[] chunk : chunks) {
      to.next(DefaultDataBufferFactory.sharedInstance.wrap(chunk));
    }
    DataBuffer next;
    synchronized (this) {
      next = overflow;
      overflow = null;
    }
    if (next != null) {
      to.next(next);
    }
    End how;
    synchronized (this) {
      rest = to;
      how = end;
    }
    if (how != null) {
      tell(to, how);
      return;
    }
    to.onDispose(this::cancel);
    to.onRequest(this::request);
  }

  private static void tell(FluxSink<DataBuffer> to, End how) {
    if (how.error == null) {
      to.complete();
    } else {
      to.error(how.error);
    }
  }

  private byte[] joined() {
    byte[] all = new byte[(int) size];
    int at = 0;
    for (byte[] chunk : chunks) {
      System.arraycopy(chunk, 0, all, at, chunk.length);
      at += chunk.length;
    }
    chunks.clear();
    unreserve((int) size);
    return all;
  }
}
