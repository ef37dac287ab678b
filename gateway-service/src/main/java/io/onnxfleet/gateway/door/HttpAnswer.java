package io.onnxfleet.gateway.door;

import io.netty.buffer.ByteBuf;
import io.onnxfleet.gateway.call.Answer;
import org.reactivestreams.Publisher;
import org.springframework.core.io.buffer.NettyDataBufferFactory;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatusCode;
import org.springframework.http.server.reactive.ServerHttpResponse;
import org.springframework.http.server.reactive.ServerHttpResponseDecorator;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;
import reactor.netty.http.server.HttpServerResponse;

/** An answer that goes to a client of HTTP. */
final class HttpAnswer implements Answer {

  private static final int OK = 200;

  private final ServerHttpResponse response;

  HttpAnswer(ServerHttpResponse response) {
    this.response = response;
  }

  @Override
  public void status(int status) {
    response.setStatusCode(HttpStatusCode.valueOf(status));
  }

  @Override
  public int status() {
    HttpStatusCode status = response.getStatusCode();
    return status == null ? OK : status.value();
  }

  @Override
  public HttpHeaders headers() {
    return response.getHeaders();
  }

  @Override
  public io.netty.handler.codec.http.HttpHeaders sent() {
    HttpServerResponse sent = ServerHttpResponseDecorator.getNativeResponse(response);
    return sent.responseHeaders();
  }

  @Override
  public void onBegin(Runnable hook) {
    response.beforeCommit(
        () -> {
          hook.run();
          return Mono.empty();
        });
  }

  @Override
  public boolean isBegun() {
    return response.isCommitted();
  }

  /** One piece goes with the head in one message, which the server tells by its type. */
  @Override
  public Mono<Void> write(Publisher<? extends ByteBuf> pieces) {
    NettyDataBufferFactory buffers = (NettyDataBufferFactory) response.bufferFactory();
    return response.writeWith(
        pieces instanceof Mono<? extends ByteBuf> one
            ? one.map(buffers::wrap)
            : Flux.from(pieces).map(buffers::wrap));
  }

  @Override
  public Mono<Void> complete() {
    return response.setComplete();
  }
}
