package io.onnxfleet.gateway.door;

import io.onnxfleet.gateway.call.BodySource;
import io.onnxfleet.gateway.connection.RequestProgress;
import org.jspecify.annotations.Nullable;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.http.HttpHeaders;
import org.springframework.http.server.reactive.ServerHttpRequest;
import org.springframework.http.server.reactive.ServerHttpRequestDecorator;
import reactor.core.publisher.Flux;

/** The body of a request over HTTP. */
record HttpBody(ServerHttpRequest request) implements BodySource {

  @Override
  public long declaredLength() {
    return request.getHeaders().getContentLength();
  }

  @Override
  public boolean isEmpty() {
    long declared = declaredLength();
    boolean chunked =
        declared < 0 && request.getHeaders().getFirst(HttpHeaders.TRANSFER_ENCODING) != null;
    return declared <= 0 && !chunked;
  }

  @Override
  public Flux<DataBuffer> pieces() {
    return request.getBody();
  }

  @Override
  public @Nullable Throwable failureAtEnd() {
    return RequestProgress.failureOf(ServerHttpRequestDecorator.getNativeRequest(request));
  }
}
