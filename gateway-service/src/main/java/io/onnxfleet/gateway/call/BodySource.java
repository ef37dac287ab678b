package io.onnxfleet.gateway.call;

import org.jspecify.annotations.Nullable;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DefaultDataBufferFactory;
import reactor.core.publisher.Flux;

/** Where the body of a call comes from. */
public interface BodySource {

  /** Its length as the client says; -1 if it says none. */
  long declaredLength();

  /** Whether it is known before reading that nothing comes. */
  boolean isEmpty();

  /** The pieces, once. Whoever takes one releases it. */
  Flux<DataBuffer> pieces();

  /** Why a body that has ended is not whole; null if it is. */
  @Nullable Throwable failureAtEnd();

  /**
   * A body that is in memory already.
   *
   * @param bytes not to be changed
   */
  @SuppressWarnings("ArrayRecordComponent") // Never compared.
  record InMemory(byte[] bytes) implements BodySource {

    @Override
    public long declaredLength() {
      return bytes.length;
    }

    @Override
    public boolean isEmpty() {
      return bytes.length == 0;
    }

    @Override
    public Flux<DataBuffer> pieces() {
      return isEmpty()
          ? Flux.empty()
          : Flux.just(DefaultDataBufferFactory.sharedInstance.wrap(bytes));
    }

    @Override
    public @Nullable Throwable failureAtEnd() {
      return null;
    }
  }
}
