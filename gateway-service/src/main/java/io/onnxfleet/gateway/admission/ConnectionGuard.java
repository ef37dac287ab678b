package io.onnxfleet.gateway.admission;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.handler.timeout.ReadTimeoutException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongSupplier;

/*
 * A slow client is told by what it sends, not by a timer for every request: a head and a small body
 * come in one read, and an answer leaves in one write, so that nothing is scheduled for them.
 *
 *   head:   not complete after its first byte has been there for the timeout -> 408, close
 *   body:   slower than the least rate after a grace time                    -> 408 by the gateway
 *   answer: nothing of it taken for the timeout                              -> close
 *
 * A body that stops altogether is the business of the read timeout, a connection without a request
 * that of the idle timeout.
 */
/**
 * Ends one connection's requests that are sent or read too slowly, and connections above the most
 * there may be. Belongs to its connection's event loop.
 */
final class ConnectionGuard extends ChannelDuplexHandler {

  private static final String HEAD_TIMEOUT_BODY =
      "{\"error\":\"the head of the request did not come in time\"}";

  private enum Part {
    /** Nothing of the next request has come. */
    NONE,
    HEAD,
    BODY
  }

  private final ConnectionProperties properties;
  private final AtomicInteger connections;
  private final LongSupplier nanoClock;
  private Part part = Part.NONE;

  /** Counts heads, so that a timer knows whether it is still about the same one. */
  private long heads;

  private boolean headTimed;
  private long bodyBytes;
  private long bodySince;
  private long written;
  private boolean stallTimed;
  private boolean bodyEnded;

  /**
   * Guards one connection.
   *
   * @param connections of all of them
   */
  ConnectionGuard(
      ConnectionProperties properties, AtomicInteger connections, LongSupplier nanoClock) {
    this.properties = properties;
    this.connections = connections;
    this.nanoClock = nanoClock;
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
    context.fireChannelInactive();
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    int bytes = message instanceof ByteBuf buffer ? buffer.readableBytes() : 0;
    if (part == Part.NONE) {
      part = Part.HEAD;
    }
    boolean tooSlow = part == Part.BODY && isTooSlow(bytes);
    context.fireChannelRead(message);
    if (tooSlow && part == Part.BODY && !bodyEnded) {
      bodyEnded = true;
      context.fireExceptionCaught(ReadTimeoutException.INSTANCE);
    } else if (part == Part.HEAD && !headTimed) {
      headTimed = true;
      long head = heads;
      var _ =
          context
              .executor()
              .schedule(
                  () -> endHead(context, head),
                  properties.headTimeout().toNanos(),
                  TimeUnit.NANOSECONDS);
    }
  }

  private boolean isTooSlow(int bytes) {
    bodyBytes += bytes;
    double seconds = (nanoClock.getAsLong() - bodySince) / 1e9;
    return seconds > properties.bodyGrace().toNanos() / 1e9
        && bodyBytes < seconds * properties.minBodyRate().toBytes();
  }

  private void endHead(ChannelHandlerContext context, long head) {
    headTimed = false;
    if (!context.channel().isActive()) {
      return;
    }
    if (part == Part.HEAD && head == heads) {
      // Past the codec, which knows of no request yet.
      var _ =
          context
              .writeAndFlush(Unpooled.wrappedBuffer(headTimeout()))
              .addListener(ChannelFutureListener.CLOSE);
    } else if (part == Part.HEAD) {
      // A later head, which was not timed because this timer was still there.
      headTimed = true;
      long later = heads;
      var _ =
          context
              .executor()
              .schedule(
                  () -> endHead(context, later),
                  properties.headTimeout().toNanos(),
                  TimeUnit.NANOSECONDS);
    }
  }

  private static byte[] headTimeout() {
    String head =
        """
        HTTP/1.1 408 Request Timeout
        Connection: close
        Content-Type: application/json
        Content-Length: %d

        """
            .formatted(HEAD_TIMEOUT_BODY.length())
            .replace("\n", "\r\n");
    return (head + HEAD_TIMEOUT_BODY).getBytes(StandardCharsets.US_ASCII);
  }

  @Override
  public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
    if (message instanceof ByteBuf buffer) {
      written += buffer.readableBytes();
    }
    var _ = context.write(message, promise);
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
    long taken = written - pending(context);
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
    long pending = pending(context);
    if (pending == 0 || !context.channel().isActive()) {
      return;
    }
    if (written - pending == takenBefore) {
      var _ = context.close();
    } else {
      timeStall(context);
    }
  }

  private static long pending(ChannelHandlerContext context) {
    ChannelOutboundBuffer buffer = context.channel().unsafe().outboundBuffer();
    return buffer == null ? 0 : buffer.totalPendingWriteBytes();
  }

  /** Comes behind the codec, and tells where one part of a request ends and the next begins. */
  ChannelHandler parts() {
    return new Parts();
  }

  private final class Parts extends ChannelInboundHandlerAdapter {

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
      if (message instanceof HttpRequest) {
        heads++;
        part = Part.BODY;
        bodyEnded = false;
        bodyBytes = 0;
        bodySince = nanoClock.getAsLong();
      }
      if (message instanceof LastHttpContent) {
        part = Part.NONE;
      }
      context.fireChannelRead(message);
    }
  }
}
