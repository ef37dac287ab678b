package io.onnxfleet.gateway.body;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.UnpooledByteBufAllocator;
import io.netty.handler.timeout.ReadTimeoutException;
import io.onnxfleet.contract.api.ErrorCode;
import io.onnxfleet.gateway.admission.ByteBudget;
import io.onnxfleet.gateway.failure.GatewayException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.springframework.core.io.buffer.DataBuffer;
import org.springframework.core.io.buffer.DataBufferUtils;
import org.springframework.core.io.buffer.NettyDataBufferFactory;
import reactor.core.publisher.Flux;
import reactor.core.publisher.Mono;

class BodyCollectorTest {

  private final NettyDataBufferFactory buffers =
      new NettyDataBufferFactory(UnpooledByteBufAllocator.DEFAULT);
  private final List<ByteBuf> made = new ArrayList<>();
  private final ByteBudget budget = new ByteBudget(100);
  private @Nullable Throwable failure;

  @AfterEach
  void nothingLeaks() {
    assertThat(made).allMatch(buffer -> buffer.refCnt() == 0);
    assertThat(budget.reserved()).isZero();
  }

  @Test
  void body_isKept_whenItFits() {
    BodyCollector collector = collector(10, 50, false);

    RequestBody body = collect(collector, pieces("abc", "defg", "hij"));

    assertThat(((RequestBody.Kept) body).bytes()).asString().isEqualTo("abcdefghij");
    assertThat(budget.reserved()).isEqualTo(10);
    collector.release();
    collector.release();
  }

  @Test
  void body_isHeldInPieces_whenItIsTooLargeToBeSentAgain() {
    BodyCollector collector =
        new BodyCollector(new BodyLimits(4, 50, 50, true), budget, -1, () -> failure);

    RequestBody body = collect(collector, pieces("abc", "defg"));

    RequestBody.Held held = (RequestBody.Held) body;
    assertThat(held.length()).isEqualTo(7);
    assertThat(held.pieces()).hasSize(2);
    assertThat(held.isReplayable()).isFalse();
    assertThat(budget.reserved()).isEqualTo(7);
    collector.release();
  }

  /** Joined, it would take its size twice for a moment. */
  @Test
  void body_isHeldInPieces_whenThereIsNoMemoryToJoinThem() {
    assertThat(budget.tryReserve(90)).isTrue();
    BodyCollector collector = collector(50, 50, true);

    RequestBody body = collect(collector, pieces("abc", "defg"));

    assertThat(body).isInstanceOf(RequestBody.Held.class);
    collector.release();
    budget.release(90);
  }

  @Test
  void body_isRefused_whenItEndsTooEarly() {
    failure = ReadTimeoutException.INSTANCE;

    BodyCollector halted = collector(10, 50, false);
    assertThat(refusal(halted, pieces("abc"))).isEqualTo(ErrorCode.BODY_TIMEOUT);
    halted.release();

    failure = new IllegalArgumentException("invalid chunk size");
    BodyCollector streaming = collector(2, 50, false);
    RequestBody.Streamed body = (RequestBody.Streamed) collect(streaming, pieces("abc"));
    AtomicReference<Throwable> end = new AtomicReference<>();
    body.content().doOnError(end::set).subscribe(DataBufferUtils::release, error -> {});
    assertThat(end.get())
        .isInstanceOf(GatewayException.class)
        .hasMessageContaining("after 3 bytes: invalid chunk size");
    streaming.release();
  }

  @Test
  void body_isStreamedFromItsBeginning_whenItDoesNotFit() {
    BodyCollector collector = collector(5, 50, false);

    RequestBody body = collect(collector, pieces("abc", "de", "fgh", "ij", "k"));

    assertThat(body.isReplayable()).isFalse();
    assertThat(text((RequestBody.Streamed) body)).isEqualTo("abcdefghijk");
    collector.release();
  }

  @Test
  void body_isStreamed_whenTheBudgetIsUsedUp() {
    assertThat(budget.tryReserve(98)).isTrue();
    BodyCollector collector = collector(50, 50, false);

    RequestBody body = collect(collector, pieces("ab", "c", "d"));

    assertThat(text((RequestBody.Streamed) body)).isEqualTo("abcd");
    collector.release();
    budget.release(98);
  }

  @Test
  void body_isRefused_whenItMustBeKeptAndTheBudgetIsUsedUp() {
    assertThat(budget.tryReserve(98)).isTrue();
    BodyCollector collector = collector(50, 50, true);

    assertThat(refusal(collector, pieces("abc"))).isEqualTo(ErrorCode.GATEWAY_OVERLOADED);
    collector.release();
    budget.release(98);
  }

  @Test
  void body_isRefused_whenItIsTooLarge_keptOrStreamed() {
    BodyCollector kept = collector(4, 4, true);
    assertThat(refusal(kept, pieces("abc", "de"))).isEqualTo(ErrorCode.REQUEST_TOO_LARGE);
    kept.release();

    BodyCollector streamed = collector(2, 4, false);
    RequestBody.Streamed body =
        (RequestBody.Streamed) collect(streamed, pieces("ab", "c", "de", "f"));
    AtomicReference<Throwable> end = new AtomicReference<>();
    body.content().doOnError(end::set).subscribe(DataBufferUtils::release, error -> {});
    assertThat(end.get())
        .isInstanceOfSatisfying(
            GatewayException.class,
            refusal -> assertThat(refusal.code()).isEqualTo(ErrorCode.REQUEST_TOO_LARGE));
    streamed.release();
  }

  @Test
  void source_isReadOnlyAsFastAsTheStreamIsTaken() {
    List<Long> requested = new ArrayList<>();
    BodyCollector collector = collector(2, 50, false);
    RequestBody.Streamed body =
        (RequestBody.Streamed)
            collect(collector, pieces("ab", "c", "d", "e").doOnRequest(requested::add).hide());

    assertThat(requested).containsExactly(1L, 1L);
    assertThat(text(body)).isEqualTo("abcde");
    collector.release();
  }

  @Test
  void source_isCancelledAndFreed_whenNobodyTakesTheStream() {
    AtomicBoolean cancelled = new AtomicBoolean();
    BodyCollector collector = collector(2, 50, false);
    collect(
        collector,
        Flux.concat(pieces("ab", "cde"), Flux.<DataBuffer>never())
            .doOnCancel(() -> cancelled.set(true)));

    collector.release();

    assertThat(cancelled).isTrue();
  }

  @Test
  void failure_ofTheSource_isTold() {
    BodyCollector halted = collector(9, 9, false);
    assertThat(refusal(halted, pieces("a").concatWith(Mono.error(ReadTimeoutException.INSTANCE))))
        .isEqualTo(ErrorCode.BODY_TIMEOUT);
    halted.release();
    BodyCollector broken = collector(9, 9, false);
    assertThat(refusal(broken, pieces("a").concatWith(Mono.error(new IOException("reset")))))
        .isEqualTo(ErrorCode.MALFORMED_REQUEST);
    broken.release();
  }

  private BodyCollector collector(long keep, long most, boolean mustKeep) {
    return new BodyCollector(new BodyLimits(keep, keep, most, mustKeep), budget, -1, () -> failure);
  }

  private static RequestBody collect(BodyCollector collector, Flux<DataBuffer> source) {
    AtomicReference<RequestBody> body = new AtomicReference<>();
    var _ = collector.collect(source).subscribe(body::set);
    RequestBody collected = body.get();
    assertThat(collected).isNotNull();
    return collected;
  }

  private static ErrorCode refusal(BodyCollector collector, Flux<DataBuffer> source) {
    AtomicReference<Throwable> error = new AtomicReference<>();
    var _ = collector.collect(source).subscribe(body -> {}, error::set);
    assertThat(error.get()).isInstanceOf(GatewayException.class);
    return ((GatewayException) error.get()).code();
  }

  private static String text(RequestBody.Streamed body) {
    StringBuilder text = new StringBuilder();
    var _ =
        body.content()
            .subscribe(
                piece -> {
                  text.append(piece.toString(StandardCharsets.UTF_8));
                  DataBufferUtils.release(piece);
                });
    return text.toString();
  }

  private Flux<DataBuffer> pieces(String... pieces) {
    return Flux.fromArray(pieces)
        .map(
            piece -> {
              DataBuffer buffer = buffers.allocateBuffer(piece.length());
              buffer.write(piece, StandardCharsets.UTF_8);
              made.add(NettyDataBufferFactory.toByteBuf(buffer));
              return buffer;
            });
  }
}
