package io.onnxfleet.gateway.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.timeout.ReadTimeoutException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class AnswerPauseTest {
  private final EmbeddedChannel channel = new EmbeddedChannel();

  @BeforeEach
  void install() {
    channel.freezeTime();
    channel.config().setAutoRead(false);
    channel.pipeline().addLast(new AnswerPause(Duration.ofSeconds(60)));
  }

  private void pass(int seconds) {
    channel.advanceTimeBy(seconds, TimeUnit.SECONDS);
    channel.runScheduledPendingTasks();
  }

  private void comes() {
    channel.writeInbound("a piece");
  }

  @Test
  void answer_ends_whenNothingComesAlthoughItIsWanted() {
    pass(59);
    comes();
    channel.read();
    pass(59);
    assertThat(channel.isOpen()).isTrue();
    pass(1);
    assertThat(channel.isOpen()).isFalse();
    assertThatThrownBy(channel::checkException).isInstanceOf(ReadTimeoutException.class);
  }

  @Test
  void answer_lasts_whileTheClientTakesNothing_andFromThenOnAgainSoLong() {
    comes();
    pass(3600);
    assertThat(channel.isOpen()).isTrue();
    channel.read();
    pass(59);
    assertThat(channel.isOpen()).isTrue();
    comes();
    pass(3600);
    assertThat(channel.isOpen()).isTrue();
    channel.read();
    pass(60);
    assertThat(channel.isOpen()).isFalse();
  }
}
