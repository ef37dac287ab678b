package io.onnxfleet.gateway.client;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.HttpClientCodec;
import io.onnxfleet.gateway.fleet.Replica;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Connections without sockets: a test says what comes over them, and reads what goes. */
public final class TestConnections implements Connections {

  private final Deque<ReplicaConnection> free = new ArrayDeque<>();
  private final List<EmbeddedChannel> channels = new ArrayList<>();
  private final List<Exchange> forgotten = new ArrayList<>();
  private @Nullable Throwable refusal;
  private boolean full;

  /** Nothing can be opened from now on. */
  public void refuse(Throwable cause) {
    refusal = cause;
  }

  /** Nothing is free from now on. */
  public void fill() {
    full = true;
  }

  @Override
  public void lend(Replica replica, Exchange to) {
    if (full) {
      to.saturated();
      return;
    }
    if (refusal != null) {
      to.refused(refusal);
      return;
    }
    ReplicaConnection next = free.poll();
    if (next == null) {
      EmbeddedChannel channel = new EmbeddedChannel(new HttpClientCodec());
      channels.add(channel);
      next = new ReplicaConnection(channel, 0, free::add);
      channel.pipeline().addLast(next);
    }
    next.lend(to);
  }

  @Override
  public void forget(Replica replica, Exchange waiting) {
    forgotten.add(waiting);
  }

  /** How many were opened. */
  public int opened() {
    return channels.size();
  }

  /** How many wait for another exchange. */
  public int free() {
    return free.size();
  }

  /** The one that was opened last. */
  public EmbeddedChannel channel() {
    return channels.getLast();
  }

  /** What was sent over it since the last look. */
  public String sent() {
    StringBuilder text = new StringBuilder();
    ByteBuf next;
    while ((next = channel().readOutbound()) != null) {
      text.append(next.toString(ISO_8859_1));
      next.release();
    }
    return text.toString();
  }

  /** The replica says this, in one piece. */
  public void hear(String text) {
    channel().writeInbound(Unpooled.copiedBuffer(text, ISO_8859_1));
  }

  /** The replica is gone. */
  public void breakOff() {
    var _ = channel().close();
  }

  /** Whether it takes no more than it has been given, as when the replica reads nothing. */
  public void blocked(boolean isBlocked) {
    channel().unsafe().outboundBuffer().setUserDefinedWritability(1, !isBlocked);
    channel().runPendingTasks();
  }
}
