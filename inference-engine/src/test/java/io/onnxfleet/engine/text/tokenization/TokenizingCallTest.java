package io.onnxfleet.engine.text.tokenization;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class TokenizingCallTest {
  private int pieces;

  @Test
  void takeTurn_endsTheCall_whenItsResultWasGivenUp() {
    TokenizingCall<Integer> call = new TokenizingCall<>(endless(), () -> true);
    assertThat(call.takeTurn()).isFalse();

    call.result().cancel(true);

    assertThat(call.takeTurn()).isTrue();
    assertThat(pieces).isEqualTo(1);
  }

  @Test
  void takeTurn_cancelsTheResult_whenNobodyWantsIt() {
    TokenizingCall<Integer> call = new TokenizingCall<>(endless(), () -> false);

    assertThat(call.takeTurn()).isTrue();
    assertThat(call.result()).isCancelled();
    assertThat(pieces).isZero();
  }

  private TokenizingCall.Work<Integer> endless() {
    return new TokenizingCall.Work<>() {
      @Override
      public boolean advance() {
        pieces++;
        return true;
      }

      @Override
      public Integer finish() {
        return pieces;
      }
    };
  }
}
