package io.onnxfleet.gateway.client;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.DefaultFullHttpRequest;
import io.netty.handler.codec.http.HttpClientCodec;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.util.concurrent.Future;
import io.onnxfleet.gateway.fleet.Replica;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.springframework.cloud.client.DefaultServiceInstance;

/**
 * Who gets a connection, and when one ends, without a socket and with a clock that a test moves.
 */
class ReplicaConnectionsTest {

  private static final Duration IDLE = Duration.ofSeconds(10);
  private static final Duration LIFE = Duration.ofSeconds(60);

  private final EventLoop first = new EmbeddedChannel().eventLoop();
  private final List<EmbeddedChannel> channels = new ArrayList<>();
  private long now;
  private boolean down;

  private final ReplicaConnections connections =
      new ReplicaConnections(
          new ReplicaConnections.Limits(2, 1, Duration.ofSeconds(1), IDLE, LIFE),
          new Connector() {
            @Override
            public EventLoop loop() {
              // Each channel of a test has a loop of its own.
              return channels.isEmpty() ? first : channels.getLast().eventLoop();
            }

            @Override
            public Future<Channel> connect(EventLoop on, InetSocketAddress address) {
              assertThat(address).isEqualTo(InetSocketAddress.createUnresolved("host", 81));
              if (down) {
                return on.newFailedFuture(new ConnectException("down"));
              }
              EmbeddedChannel channel = new EmbeddedChannel(new HttpClientCodec());
              channels.add(channel);
              return on.newSucceededFuture(channel);
            }
          },
          () -> now);

  private final Replica replica =
      Replica.of(new DefaultServiceInstance("r", "inference-service", "host", 81, false, Map.of()));

  /** An exchange that asks at once. */
  private static final class Asking implements Exchange {
    private @Nullable ReplicaConnection connection;
    private boolean wanted = true;
    private boolean ended;
    private boolean saturated;
    private @Nullable Throwable refused;
    private @Nullable Throwable failed;

    @Override
    public boolean begins(ReplicaConnection lent) {
      connection = lent;
      if (wanted) {
        lent.finish(new DefaultFullHttpRequest(HttpVersion.HTTP_1_1, HttpMethod.GET, "/"));
      }
      return wanted;
    }

    @Override
    public void head(HttpResponse head) {}

    @Override
    public void content(ByteBuf piece) {
      piece.release();
    }

    @Override
    public void pauses() {}

    @Override
    public void ended() {
      ended = true;
    }

    @Override
    public void failed(Throwable cause) {
      failed = cause;
    }

    @Override
    public void writable() {}

    @Override
    public void refused(Throwable cause) {
      refused = cause;
    }

    @Override
    public void saturated() {
      saturated = true;
    }
  }

  private Asking asks() {
    Asking asking = new Asking();
    connections.lend(replica, asking);
    return asking;
  }

  private void answer(EmbeddedChannel channel) {
    channel.writeInbound(
        Unpooled.copiedBuffer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", ISO_8859_1));
  }

  @Test
  void connection_isUsedAgain_theLastOneFirst() {
    asks();
    asks();
    answer(channels.get(0));
    answer(channels.get(1));

    Asking third = asks();

    assertThat(channels).hasSize(2);
    assertThat(third.connection).isNotNull();
    assertThat(third.connection.isReused()).isTrue();
    answer(channels.get(1));
    assertThat(third.ended).isTrue();
  }

  @Test
  void exchange_waits_whereAllAreInUse_andOneTooManyIsSaturated() {
    asks();
    asks();
    Asking waiting = asks();
    Asking tooMany = asks();
    assertThat(waiting.connection).isNull();
    assertThat(tooMany.saturated).isTrue();

    answer(channels.get(0));

    assertThat(waiting.connection).isNotNull();
    assertThat(channels).hasSize(2);
  }

  @Test
  void exchange_thatIsForgotten_makesRoomForTheNext() {
    asks();
    asks();
    Asking gone = asks();
    connections.forget(replica, gone);
    Asking next = asks();
    answer(channels.get(0));

    assertThat(gone.connection).isNull();
    assertThat(next.connection).isNotNull();
  }

  @Test
  void exchange_thatNeedsNoneAnyMore_leavesItToTheNext() {
    asks();
    asks();
    Asking unwanted = asks();
    unwanted.wanted = false;
    answer(channels.get(0));
    assertThat(unwanted.connection).isNotNull();

    Asking next = asks();

    assertThat(next.connection).isNotNull();
    assertThat(channels).hasSize(2);
  }

  @Test
  void connectionThatBreaks_makesRoomForWhoWaits() {
    Asking first = asks();
    asks();
    Asking waiting = asks();
    var _ = channels.get(0).close();

    assertThat(first.failed).isNotNull();
    assertThat(waiting.connection).isNotNull();
    assertThat(channels).hasSize(3);
  }

  @Test
  void replicaThatCannotBeReached_isRefused_andTakesUpNoRoom() {
    down = true;
    for (int i = 0; i < 5; i++) {
      assertThat(asks().refused).isInstanceOf(ConnectException.class);
    }
    down = false;

    assertThat(asks().connection).isNotNull();
    assertThat(asks().connection).isNotNull();
  }

  @Test
  void connection_isNotUsedAgain_whenItWasIdleOrAliveForTooLong() {
    asks();
    answer(channels.get(0));
    now = IDLE.toNanos() + 1;
    asks();
    assertThat(channels).hasSize(2);
    assertThat(channels.get(0).isOpen()).isFalse();

    now += LIFE.toNanos() + 1;
    answer(channels.get(1));
    assertThat(channels.get(1).isOpen()).isFalse();
  }

  @Test
  void connectionThatHearsWhatItDidNotAsk_isClosed() {
    asks();
    answer(channels.get(0));
    answer(channels.get(0));

    assertThat(channels.get(0).isOpen()).isFalse();
    asks();
    assertThat(channels).hasSize(2);
  }

  @Test
  void idleConnections_areClosed_inTime_andAtTheEnd() {
    asks();
    asks();
    answer(channels.get(0));
    now = IDLE.toNanos() + 1;
    answer(channels.get(1));
    connections.closeTooOld();
    assertThat(channels.get(0).isOpen()).isFalse();
    assertThat(channels.get(1).isOpen()).isTrue();

    connections.close();
    assertThat(channels.get(1).isOpen()).isFalse();
    connections.closeTooOld();

    asks();
    assertThat(channels).hasSize(3);
  }
}
