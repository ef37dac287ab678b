package io.onnxfleet.gateway.call;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.springframework.http.HttpHeaders;
import reactor.core.publisher.Flux;

class RecordedAnswerTest {

  private static final int MOST = 8;

  private final FakeAnswer sent = new FakeAnswer();
  private final List<String> told = new ArrayList<>();
  private final RecordedAnswer answer =
      new RecordedAnswer(
          sent,
          MOST,
          new RecordedAnswer.Listener() {
            @Override
            public void begins(HttpHeaders headers) {
              told.add("begins");
            }

            @Override
            public void arrived(byte @Nullable [] body, HttpHeaders headers) {
              told.add(body == null ? "nothing" : new String(body, StandardCharsets.UTF_8));
            }
          });

  private static Flux<ByteBuf> pieces(String... texts) {
    return Flux.fromStream(
        Stream.of(texts)
            .map(text -> Unpooled.wrappedBuffer(text.getBytes(StandardCharsets.UTF_8))));
  }

  @Test
  void wholeAnswer_isTold_andSentAsItCame() {
    answer.write(pieces("ab", "", "cd")).subscribe();
    assertThat(told).containsExactly("begins", "abcd");
    assertThat(sent.body()).isEqualTo("abcd");
    assertThat(sent.isComplete()).isTrue();
  }

  @Test
  void wholeAnswer_isTold_beforeItsLastPieceIsSent_whereItsLengthIsKnown() {
    answer.headers().setContentLength(4);
    answer
        .write(pieces("ab", "cd").doOnNext(piece -> told.add("piece after " + told.size())))
        .subscribe();
    assertThat(told).containsExactly("begins", "piece after 1", "piece after 2", "abcd");
  }

  @Test
  void answerThatIsTooLarge_isSent_andNotKept() {
    answer.write(pieces("12345", "6789", "0")).subscribe();
    assertThat(told).containsExactly("begins", "nothing");
    assertThat(sent.body()).isEqualTo("1234567890");
  }

  @Test
  void answerThatSaysItIsTooLarge_isNotEvenLookedAt() {
    answer.headers().setContentLength(MOST + 1);
    answer.write(pieces("123456789")).subscribe();
    assertThat(told).containsExactly("nothing");
    assertThat(sent.body()).isEqualTo("123456789");
  }

  @Test
  void answerOfAnotherStatus_isSent_andNotKept() {
    answer.status(503);
    answer.write(pieces("later")).subscribe();
    assertThat(told).containsExactly("nothing");
    assertThat(sent.status()).isEqualTo(503);
  }

  @Test
  void brokenAnswer_isNeverTold() {
    List<Throwable> failures = new ArrayList<>();
    answer
        .write(pieces("ab").concatWith(Flux.error(new IllegalStateException("broke off"))))
        .subscribe(nothing -> {}, failures::add);
    assertThat(failures).hasSize(1);
    assertThat(told).containsExactly("begins");
  }
}
