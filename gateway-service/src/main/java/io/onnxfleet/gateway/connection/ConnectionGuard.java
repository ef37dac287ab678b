package io.onnxfleet.gateway.connection;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.ChannelPromise;
import io.netty.channel.socket.DuplexChannel;
import io.netty.util.ReferenceCountUtil;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/*
 * Closing a socket that has unread bytes resets the connection, and a reset takes away what the
 * client has not read yet: a refusal of a body that is still being sent would be lost. So a
 * connection that is closed in the middle of a request is closed to one side first: the client
 * reads the answer and its end, while what it still sends is thrown away, up to a number of bytes
 * and a time (RFC 9112, 9.6).
 */
/**
 * The end of a connection that is next to the socket: refuses connections above the most there may
 * be, closes those whose client takes nothing of its answer, and keeps those that are closed early
 * open until the client has heard why. Belongs to its connection's event loop.
 */
final class ConnectionGuard extends ChannelDuplexHandler {

  private final ConnectionProperties properties;
  private final AtomicInteger connections;
  private final RequestProgress progress;
  private long written;
  private boolean stallTimed;
  private boolean lingering;
  private long thrownAway;
  private @Nullable Future<?> lastMoment;

  /**
   * Guards one connection.
   *
   * @param connections of all of them
   */
  ConnectionGuard(
      ConnectionProperties properties, AtomicInteger connections, RequestProgress progress) {
    this.properties = properties;
    this.connections = connections;
    this.progress = progress;
  }

  @Override
  public void channelActive(ChannelHandlerContext context) {
    if (connections.incrementAndGet() > properties.maxConnections()) {
      var _ = context.close();
      return;
    }
    context.fireChannelActive();
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    connections.decrementAndGet();
    if (lastMoment != null) {
      lastMoment.cancel(false);
    }
    context.fireChannelInactive();
  }

  @Override
  public void close(ChannelHandlerContext context, ChannelPromise promise) {
    if (!lingering && !(progress.isIncomplete() && closesOneSide(context))) {
      var _ = context.close(promise);
      return;
    }
    var _ = context.channel().closeFuture().addListener(closed -> promise.trySuccess());
  }

  private boolean closesOneSide(ChannelHandlerContext context) {
    if (!(context.channel() instanceof DuplexChannel channel) || !channel.isActive()) {
      return false;
    }
    lingering = true;
    var _ = channel.shutdownOutput();
    lastMoment =
        context
            .executor()
            .schedule(
                () -> {
                  var _ = context.close();
                },
                properties.drainTime().toNanos(),
                TimeUnit.NANOSECONDS);
    context.read();
    return true;
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    if (!lingering) {
      context.fireChannelRead(message);
      return;
    }
    thrownAway += message instanceof ByteBuf buffer ? buffer.readableBytes() : 0;
    ReferenceCountUtil.release(message);
    if (thrownAway > properties.drainSize().toBytes()) {
      var _ = context.close();
    }
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext context) {
    if (lingering) {
      context.read();
    } else {
      context.fireChannelReadComplete();
    }
  }

  @Override
  public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
    long before = pending(context);
    var _ = context.write(message, promise);
    written += pending(context) - before;
  }

  @Override
  public void flush(ChannelHandlerContext context) {
    context.flush();
    if (!stallTimed && pending(context) > 0) {
      timeStall(context);
    }
  }

  private void timeStall(ChannelHandlerContext context) {
    stallTimed = true;
    long taken = taken(context);
    var _ =
        context
            .executor()
            .schedule(
                () -> endStall(context, taken),
                properties.writeTimeout().toNanos(),
                TimeUnit.NANOSECONDS);
  }

  private void endStall(ChannelHandlerContext context, long takenBefore) {
    stallTimed = false;
    if (pending(context) == 0 || !context.channel().isActive()) {
      return;
    }
    if (taken(context) == takenBefore) {
      var _ = context.close();
    } else {
      timeStall(context);
    }
  }

  /** What the client has taken, as the buffer counts it, which weighs more than its bytes. */
  private long taken(ChannelHandlerContext context) {
    ChannelOutboundBuffer buffer = context.channel().unsafe().outboundBuffer();
    // A piece counts as waiting until all of it has gone.
    return buffer == null
        ? written
        : written - buffer.totalPendingWriteBytes() + buffer.currentProgress();
  }

  private static long pending(ChannelHandlerContext context) {
    ChannelOutboundBuffer buffer = context.channel().unsafe().outboundBuffer();
    return buffer == null ? 0 : buffer.totalPendingWriteBytes();
  }
}
