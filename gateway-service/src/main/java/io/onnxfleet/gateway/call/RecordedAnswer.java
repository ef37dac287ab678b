package io.onnxfleet.gateway.call;

import io.netty.buffer.ByteBuf;
import java.io.ByteArrayOutputStream;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Publisher;
import org.springframework.http.HttpHeaders;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * Copies an answer of 200 while it passes to the client, as long as it is not too large. Tells once
 * when the whole answer has passed, or when it turned out that there is nothing to keep.
 */
public final class RecordedAnswer implements Answer {

  /** Told by the thread that brings the answer. */
  public interface Listener {
    /** An answer of 200 begins; its headers may still be changed. */
    void begins(HttpHeaders headers);

    /** All of it has arrived; null if it is not to be kept. */
    void arrived(byte @Nullable [] body, HttpHeaders headers);
  }

  private static final int OK = 200;

  private final Answer answer;
  private final int most;
  private final Listener listener;

  /**
   * Passes the answer on.
   *
   * @param most bytes that are kept
   */
  public RecordedAnswer(Answer answer, int most, Listener listener) {
    this.answer = answer;
    this.most = most;
    this.listener = listener;
  }

  @Override
  public void status(int status) {
    answer.status(status);
  }

  @Override
  public int status() {
    return answer.status();
  }

  @Override
  public HttpHeaders headers() {
    return answer.headers();
  }

  @Override
  public io.netty.handler.codec.http.HttpHeaders sent() {
    return answer.sent();
  }

  @Override
  public void onBegin(Runnable hook) {
    answer.onBegin(hook);
  }

  @Override
  public boolean isBegun() {
    return answer.isBegun();
  }

  @Override
  public Mono<Void> write(Publisher<? extends ByteBuf> pieces) {
    if (status() != OK || headers().getContentLength() > most) {
      listener.arrived(null, headers());
      return answer.write(pieces);
    }
    listener.begins(headers());
    return answer.write(Flux.defer(() -> new Copy().of(pieces)));
  }

  @Override
  public Mono<Void> complete() {
    return answer.complete();
  }

  /** Touched by one signal after another. */
  private final class Copy {

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream(1024);
    private final long length = headers().getContentLength();
    private boolean isTold;

    Flux<ByteBuf> of(Publisher<? extends ByteBuf> pieces) {
      return Flux.<ByteBuf>from(pieces)
          .doOnNext(this::add)
          .doOnComplete(
              () -> {
                if (!isTold) {
                  tell(bytes.toByteArray());
                }
              });
    }

    private void add(ByteBuf piece) {
      int size = piece.readableBytes();
      if (isTold) {
        return;
      }
      if (size > most - bytes.size()) {
        tell(null);
        return;
      }
      byte[] copy = new byte[size];
      piece.getBytes(piece.readerIndex(), copy);
      bytes.writeBytes(copy);
      // Before the last piece goes on, so that a client that has it all finds it kept.
      if (bytes.size() == length) {
        tell(bytes.toByteArray());
      }
    }

    private void tell(byte @Nullable [] body) {
      isTold = true;
      listener.arrived(body, headers());
    }
  }
}
