package io.onnxfleet.gateway.cache;

import java.io.ByteArrayOutputStream;
import org.jspecify.annotations.Nullable;
import org.reactivestreams.Publisher;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatusCode;
import org.springframework.http.server.reactive.ServerHttpResponse;
import org.springframework.http.server.reactive.ServerHttpResponseDecorator;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/**
 * Copies an answer of 200 while it passes to the client, as long as it is not too large. Tells once
 * when the whole answer has passed, or when it turned out that there is nothing to keep.
 */
public final class RecordedResponse extends ServerHttpResponseDecorator {

  /** Told by the thread that brings the answer. */
  public interface Listener {
    /** An answer of 200 begins; its headers may still be changed. */
    void begins(HttpHeaders headers);

    /** All of it has arrived; null if it is not to be kept. */
    void arrived(byte @Nullable [] body, HttpHeaders headers);
  }

  private final int most;
  private final Listener listener;

  /**
   * Passes the response on.
   *
   * @param most bytes that are kept
   */
  public RecordedResponse(ServerHttpResponse response, int most, Listener listener) {
    super(response);
    this.most = most;
    this.listener = listener;
  }

  @Override
  public Mono<Void> writeWith(Publisher<? extends DataBuffer> body) {
    HttpStatusCode status = getStatusCode();
    if (status == null || status.value() != 200 || getHeaders().getContentLength() > most) {
      listener.arrived(null, getHeaders());
      return super.writeWith(body);
    }
    listener.begins(getHeaders());
    return super.writeWith(Flux.defer(() -> new Copy().of(body)));
  }

  /** Touched by one signal after another. */
  private final class Copy {

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream(1024);
    private final long length = getHeaders().getContentLength();
    private boolean isTold;

    Flux<DataBuffer> of(Publisher<? extends DataBuffer> body) {
      return Flux.<DataBuffer>from(body)
          .doOnNext(this::add)
          .doOnComplete(
              () -> {
                if (!isTold) {
                  tell(bytes.toByteArray());
                }
              });
    }

    private void add(DataBuffer piece) {
      int size = piece.readableByteCount();
      if (isTold) {
        return;
      }
      if (size > most - bytes.size()) {
        tell(null);
        return;
      }
      byte[] copy = new byte[size];
      int from = piece.readPosition();
      piece.read(copy);
      piece.readPosition(from);
      bytes.writeBytes(copy);
      // Before the last piece goes on, so that a client that has it all finds it kept.
      if (bytes.size() == length) {
        tell(bytes.toByteArray());
      }
    }

    private void tell(byte @Nullable [] body) {
      isTold = true;
      listener.arrived(body, getHeaders());
    }
  }
}
