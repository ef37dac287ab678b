package io.onnxfleet.gateway.door.tei;

import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.http.DefaultHttpHeaders;
import io.onnxfleet.contract.api.ErrorCode;
import io.onnxfleet.gateway.call.Answer;
import io.onnxfleet.gateway.failure.GatewayException;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongConsumer;
import org.reactivestreams.Publisher;
import org.springframework.http.HttpHeaders;
import org.springframework.http.support.Netty4HeadersAdapter;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** An answer that goes nowhere but into memory, as long as it is not too large. */
final class CollectedAnswer implements Answer {
  private static final int OK = 200;

  private final io.netty.handler.codec.http.HttpHeaders sent = new DefaultHttpHeaders();
  private final HttpHeaders headers = new HttpHeaders(new Netty4HeadersAdapter(sent));
  private final ByteArrayOutputStream body = new ByteArrayOutputStream(1024);
  private final List<Runnable> hooks = new ArrayList<>();
  private final int most;
  private final LongConsumer room;
  private int status = OK;
  private boolean isBegun;

  /**
   * Nothing was answered yet.
   *
   * @param most bytes of the answer
   * @param room is asked for the memory that a piece takes, and refuses it where there is none
   */
  CollectedAnswer(int most, LongConsumer room) {
    this.most = most;
    this.room = room;
  }

  @Override
  public void status(int other) {
    if (!isBegun) {
      status = other;
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
    return isBegun;
  }

  @Override
  public Mono<Void> write(Publisher<? extends ByteBuf> pieces) {
    return Mono.fromRunnable(this::begin).thenMany(Flux.from(pieces)).doOnNext(this::add).then();
  }

  @Override
  public Mono<Void> complete() {
    return Mono.fromRunnable(this::begin);
  }

  private void begin() {
    if (!isBegun) {
      hooks.forEach(Runnable::run);
      isBegun = true;
    }
  }

  private void add(ByteBuf piece) {
    try {
      if (piece.readableBytes() > most - body.size()) {
        throw new GatewayException(
            ErrorCode.REQUEST_TOO_LARGE, "an answer of more than " + most + " bytes");
      }
      // As it is collected, and as a whole.
      room.accept(2L * piece.readableBytes());
      byte[] copy = new byte[piece.readableBytes()];
      piece.readBytes(copy);
      body.writeBytes(copy);
    } finally {
      piece.release();
    }
  }

  byte[] body() {
    return body.toByteArray();
  }
}
