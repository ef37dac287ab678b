package io.onnxfleet.gateway.body;

import io.netty.handler.codec.DecoderException;
import io.netty.handler.timeout.ReadTimeoutException;
import io.onnxfleet.contract.api.ErrorCode;
import io.onnxfleet.gateway.admission.ByteBudget;
import io.onnxfleet.gateway.call.BodySource;
import io.onnxfleet.gateway.failure.GatewayException;
import io.onnxfleet.gateway.failure.Quotation;
import java.io.ByteArrayOutputStream;
import java.util.concurrent.atomic.AtomicLong;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferUtils;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

/** Bodies as clients sent them. Stateless. */
public final class RequestContent {

  private RequestContent() {}

  /** The pieces of a body; one that ended too early fails at its end. */
  public static Flux<DataBuffer> pieces(BodySource source) {
    return source
        .pieces()
        .concatWith(
            Mono.defer(
                () -> {
                  Throwable failure = source.failureAtEnd();
                  return failure == null ? Mono.empty() : Mono.error(failure);
                }));
  }

  /**
   * All of a small body, empty if there is none.
   *
   * @param most above this it is refused; what is here at a time is taken from the budget
   */
  public static Mono<byte[]> whole(BodySource source, int most, ByteBudget budget) {
    return Mono.using(
        AtomicLong::new,
        reserved ->
            pieces(source)
                .collect(
                    ByteArrayOutputStream::new,
                    (all, piece) -> append(all, piece, most, budget, reserved))
                .map(ByteArrayOutputStream::toByteArray)
                .onErrorMap(error -> brokenOff(error, reserved.get())),
        reserved -> budget.release(reserved.get()));
  }

  /** What the client is told of a body that ended after so many bytes. */
  public static GatewayException brokenOff(Throwable error, long size) {
    return switch (error) {
      case GatewayException refusal -> refusal;
      case ReadTimeoutException _ ->
          new GatewayException(
              ErrorCode.BODY_TIMEOUT, "the body came to a halt after " + size + " bytes");
      case IllegalArgumentException malformed -> malformed(malformed, size);
      case DecoderException malformed -> malformed(malformed, size);
      default ->
          new GatewayException(
              ErrorCode.MALFORMED_REQUEST, "the body broke off after " + size + " bytes");
    };
  }

  /** The codec could not tell where it goes on, or ends. */
  private static GatewayException malformed(Exception cause, long size) {
    return new GatewayException(
        ErrorCode.MALFORMED_REQUEST,
        "the body is malformed after " + size + " bytes: " + Quotation.of(cause.getMessage()));
  }

  private static void append(
      ByteArrayOutputStream all,
      DataBuffer piece,
      int most,
      ByteBudget budget,
      AtomicLong reserved) {
    try {
      int length = piece.readableByteCount();
      if (all.size() + length > most) {
        throw new GatewayException(
            ErrorCode.REQUEST_TOO_LARGE,
            "body: " + (all.size() + length) + " bytes or more (expected: <= " + most + ")");
      }
      if (!budget.tryReserve(length)) {
        throw new GatewayException(
            ErrorCode.GATEWAY_OVERLOADED, "no memory is left to keep a body (expected: later)");
      }
      reserved.addAndGet(length);
      byte[] bytes = new byte[length];
      piece.read(bytes);
      all.writeBytes(bytes);
    } finally {
      DataBufferUtils.release(piece);
    }
  }
}
