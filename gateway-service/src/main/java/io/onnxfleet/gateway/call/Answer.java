package io.onnxfleet.gateway.call;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import org.reactivestreams.Publisher;
import org.springframework.http.HttpHeaders;
import reactor.core.publisher.Mono;

/**
 * Where the answer to a call goes. Until it begins, status and headers may be changed; afterwards
 * nothing can be taken back. Used by one thread after another.
 */
public interface Answer {

  /** Sets the status; ignored once the answer has begun. */
  void status(int status);

  /** The status; 200 if nobody has said another. */
  int status();

  /** The headers, by name. */
  HttpHeaders headers();

  /** The same headers as they are sent: what a replica says goes on without becoming text. */
  io.netty.handler.codec.http.HttpHeaders sent();

  /** Runs just before the answer begins; what was asked for first runs first. */
  void onBegin(Runnable hook);

  /** Whether the client may have heard something. */
  boolean isBegun();

  /** Sends the pieces as they come, and completes with them. Releases what it does not send. */
  Mono<Void> write(Publisher<? extends ByteBuf> pieces);

  /** Sends all of a body. */
  default Mono<Void> write(byte[] body) {
    return write(Mono.just(Unpooled.wrappedBuffer(body)));
  }

  /** Sends status and headers, without a body. */
  Mono<Void> complete();
}
