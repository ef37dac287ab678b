package io.onnxfleet.gateway.door.tei;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.onnxfleet.contract.api.ErrorCode;
import io.onnxfleet.gateway.admission.ByteBudget;
import io.onnxfleet.gateway.failure.GatewayException;
import java.util.List;
import org.junit.jupiter.api.Test;
import reactor.core.publisher.Flux;

class CollectedAnswerTest {
  private final ByteBudget budget = new ByteBudget(200);

  @Test
  void answer_takesWhatItHolds_fromTheBudget_untilTheRequestEnds() {
    HeldBytes held = new HeldBytes(budget);
    CollectedAnswer answer = new CollectedAnswer(1000, held::take);

    answer.write(Flux.just(piece(30), piece(20))).block();

    assertThat(answer.body()).hasSize(50);
    assertThat(budget.reserved()).isEqualTo(100);
    held.release();
    held.release();
    assertThat(budget.reserved()).isZero();
  }

  @Test
  void answer_isRefusedForNow_whenTheBudgetHasNoRoom() {
    HeldBytes first = new HeldBytes(budget);
    new CollectedAnswer(1000, first::take).write(Flux.just(piece(60))).block();
    HeldBytes held = new HeldBytes(budget);
    CollectedAnswer second = new CollectedAnswer(1000, held::take);
    List<ByteBuf> pieces = List.of(piece(30), piece(30));

    assertThatExceptionOfType(GatewayException.class)
        .isThrownBy(() -> second.write(Flux.fromIterable(pieces)).block())
        .returns(ErrorCode.GATEWAY_OVERLOADED, GatewayException::code);

    assertThat(pieces).allMatch(piece -> piece.refCnt() == 0);
    assertThat(budget.reserved()).isEqualTo(180);
    held.release();
    assertThat(budget.reserved()).isEqualTo(120);
    first.release();
    assertThat(budget.reserved()).isZero();
  }

  @Test
  void answer_takesNothing_onceItsRequestHasEnded() {
    HeldBytes held = new HeldBytes(budget);
    CollectedAnswer answer = new CollectedAnswer(1000, held::take);
    held.release();

    assertThatExceptionOfType(GatewayException.class)
        .isThrownBy(() -> answer.write(Flux.just(piece(1))).block());
    assertThat(budget.reserved()).isZero();
  }

  private static ByteBuf piece(int bytes) {
    return Unpooled.wrappedBuffer(new byte[bytes]);
  }
}
