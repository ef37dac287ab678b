package io.onnxfleet.gateway.connection;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class ConnectionGuardTest {

  private static final String POST =
      "POST /v2 HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n";

  private final GuardedConnection connection = new GuardedConnection();

  /** The gateway closes although the client has more to say. */
  private void closesWithin(GuardedConnection closing) {
    closing.receives(POST);
    // Through the guards alone: the channel's own way ends all timers too.
    var _ = closing.channel.pipeline().close();
    closing.channel.runPendingTasks();
  }

  @Test
  void connection_isCounted_whileItIsOpen() {
    assertThat(connection.connections).hasValue(0);
    connection.channel.pipeline().fireChannelActive();
    assertThat(connection.connections).hasValue(1);
    var _ = connection.channel.close();
    connection.channel.runPendingTasks();
    assertThat(connection.connections).hasValue(0);
  }

  @Test
  void connection_isClosed_whenThereAreTooMany() {
    GuardedConnection second = new GuardedConnection(1);
    second.channel.pipeline().fireChannelActive();
    assertThat(second.channel.isOpen()).isFalse();
    assertThat(second.connections).hasValue(1);
  }

  @Test
  void connection_isClosedAtOnce_betweenRequests() {
    connection.receives("GET /v2 HTTP/1.1\r\nHost: x\r\n\r\n");
    var _ = connection.channel.close();
    connection.channel.runPendingTasks();
    assertThat(connection.channel.isOpen()).isFalse();
    assertThat(connection.channel.isOutputShutdown()).isFalse();
  }

  /** A client that is still sending would otherwise lose the answer to a reset. */
  @Test
  void connection_isClosedOnOneSideFirst_withinARequest() {
    closesWithin(connection);
    assertThat(connection.channel.isOutputShutdown()).isTrue();
    assertThat(connection.channel.isOpen()).isTrue();
    connection.passedOn();
    connection.receives("x".repeat(600));
    assertThat(connection.passedOn()).isEmpty();
    assertThat(connection.channel.isOpen()).isTrue();
    connection.receives("x".repeat(600));
    assertThat(connection.channel.isOpen()).isFalse();
  }

  @Test
  void connection_isClosedAltogether_afterATime() {
    closesWithin(connection);
    connection.pass(Duration.ofSeconds(29));
    assertThat(connection.channel.isOpen()).isTrue();
    connection.pass(Duration.ofSeconds(1));
    assertThat(connection.channel.isOpen()).isFalse();
  }

  private void writes(int bytes) {
    var _ =
        connection
            .channel
            .pipeline()
            .context(RequestPace.class)
            .writeAndFlush(Unpooled.copiedBuffer("x".repeat(bytes), StandardCharsets.UTF_8));
    connection.channel.runPendingTasks();
  }

  @Test
  void clientThatReadsNothing_isLeft() {
    connection.channel.stalls();
    writes(100);
    connection.pass(Duration.ofSeconds(29));
    assertThat(connection.channel.isOpen()).isTrue();
    connection.pass(Duration.ofSeconds(1));
    assertThat(connection.channel.isOpen()).isFalse();
  }

  @Test
  void clientThatReadsNothing_isLeft_whateverElseIsWritten() {
    connection.channel.stalls();
    writes(100);
    connection.pass(Duration.ofSeconds(20));
    writes(100);
    connection.pass(Duration.ofSeconds(10));
    assertThat(connection.channel.isOpen()).isFalse();
  }

  @Test
  void clientThatReadsPartsOfOnePiece_isNotLeft() {
    connection.channel.stalls();
    writes(1000);
    for (int i = 0; i < 5; i++) {
      connection.pass(Duration.ofSeconds(20));
      connection.channel.takes(100);
      assertThat(connection.channel.isOpen()).isTrue();
    }
    connection.pass(Duration.ofSeconds(30));
    connection.pass(Duration.ofSeconds(30));
    assertThat(connection.channel.isOpen()).isFalse();
  }

  @Test
  void clientThatReadsSlowly_isNotLeft() {
    for (int i = 0; i < 5; i++) {
      connection.channel.stalls();
      writes(100);
      connection.pass(Duration.ofSeconds(20));
      connection.channel.reads();
      connection.channel.stalls();
      writes(100);
      connection.pass(Duration.ofSeconds(20));
      assertThat(connection.channel.isOpen()).isTrue();
      connection.channel.reads();
    }
    connection.pass(Duration.ofHours(1));
    assertThat(connection.channel.isOpen()).isTrue();
  }
}
