package io.onnxfleet.gateway.call;

import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http.DefaultHttpHeaders;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.reactivestreams.Publisher;
import org.springframework.http.HttpHeaders;
import org.springframework.http.support.Netty4HeadersAdapter;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** An answer that nobody waits for: begins with its first piece, as one over HTTP does. */
public final class FakeAnswer implements Answer {

  private final io.netty.handler.codec.http.HttpHeaders sent = new DefaultHttpHeaders();
  private final HttpHeaders headers = new HttpHeaders(new Netty4HeadersAdapter(sent));
  private final List<Runnable> hooks = new ArrayList<>();
  private final ByteArrayOutputStream body = new ByteArrayOutputStream();
  private int status = 200;
  private boolean begun;
  private boolean complete;

  @Override
  public void status(int value) {
    if (!begun) {
      status = value;
    }
  }

  @Override
  public int status() {
    return status;
  }

  @Override
  public HttpHeaders headers() {
    return headers;
  }

  @Override
  public io.netty.handler.codec.http.HttpHeaders sent() {
    return sent;
  }

  @Override
  public void onBegin(Runnable hook) {
    hooks.add(hook);
  }

  @Override
  public boolean isBegun() {
    return begun;
  }

  @Override
  public Mono<Void> write(Publisher<? extends ByteBuf> pieces) {
    return Flux.<ByteBuf>from(pieces).doOnNext(this::take).then(complete());
  }

  @Override
  public Mono<Void> complete() {
    return Mono.fromRunnable(
        () -> {
          begin();
          complete = true;
        });
  }

  /** Whether all of it has been sent. */
  public boolean isComplete() {
    return complete;
  }

  /** What has been sent. */
  public String body() {
    return body.toString(StandardCharsets.UTF_8);
  }

  private void take(ByteBuf piece) {
    begin();
    byte[] bytes = new byte[piece.readableBytes()];
    piece.readBytes(bytes);
    piece.release();
    body.writeBytes(bytes);
  }

  private void begin() {
    if (!begun) {
      begun = true;
      hooks.forEach(Runnable::run);
    }
  }
}
