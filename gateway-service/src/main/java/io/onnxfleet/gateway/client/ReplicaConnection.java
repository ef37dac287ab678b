package io.onnxfleet.gateway.client;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoop;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpStatusClass;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.ReferenceCountUtil;
import java.nio.channels.ClosedChannelException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One connection of HTTP/1.1 to a replica, lent to one {@link Exchange} at a time. Its methods are
 * for its event loop only, unless they say otherwise.
 */
public final class ReplicaConnection extends ChannelInboundHandlerAdapter {

  private final Channel channel;
  private final Consumer<ReplicaConnection> free;
  private final long openedNanos;
  private @Nullable Exchange exchange;
  private boolean reused;
  private boolean requestSent;
  private boolean keptAlive;

  /** Within an answer before the answer, such as 100. */
  private boolean informational;

  /** When it was last given back. Guarded by the pool it is in. */
  private long idleSinceNanos;

  ReplicaConnection(Channel channel, long openedNanos, Consumer<ReplicaConnection> free) {
    this.channel = channel;
    this.openedNanos = openedNanos;
    this.free = free;
  }

  /** Whether an earlier exchange used it, so that the replica may just have closed it. */
  public boolean isReused() {
    return reused;
  }

  /** Sends some of the request, sooner or later. */
  public void write(HttpObject message) {
    var _ = channel.write(message, channel.voidPromise());
  }

  /** Sends what was written. */
  public void flush() {
    channel.flush();
  }

  /**
   * Sends the last of the request, and all before it. The answer's end frees the connection then.
   */
  public void finish(HttpObject message) {
    requestSent = true;
    var _ = channel.writeAndFlush(message, channel.voidPromise());
  }

  /** Whether more may be written without being kept in memory for long. */
  public boolean isWritable() {
    return channel.isWritable();
  }

  /** Whether more of the answer is read. By any thread; without effect once it has ended. */
  public void reads(Exchange reading, boolean reads) {
    onLoop(
        () -> {
          if (isLentTo(reading)) {
            channel.config().setAutoRead(reads);
          }
        });
  }

  /** Closes it; the exchange hears no more. By any thread. */
  public void abort(Exchange aborting) {
    onLoop(
        () -> {
          if (isLentTo(aborting)) {
            exchange = null;
            var _ = channel.close();
          }
        });
  }

  /** Runs it on the event loop: now, if this is it. */
  public void onLoop(Runnable action) {
    EventLoop loop = channel.eventLoop();
    if (loop.inEventLoop()) {
      action.run();
    } else {
      loop.execute(action);
    }
  }

  /** Lends it. By any thread. */
  void lend(Exchange to) {
    onLoop(
        () -> {
          requestSent = false;
          keptAlive = false;
          if (!channel.isActive()) {
            to.failed(new ClosedChannelException());
            return;
          }
          exchange = to;
          if (!to.begins(this)) {
            exchange = null;
            free.accept(this);
          }
        });
  }

  EventLoop loop() {
    return channel.eventLoop();
  }

  boolean isActive() {
    return channel.isActive();
  }

  void close() {
    var _ = channel.close();
  }

  void idleSince(long nanos) {
    idleSinceNanos = nanos;
  }

  boolean isOlderThan(long maxIdleNanos, long maxLifeNanos, long now) {
    return now - idleSinceNanos > maxIdleNanos || now - openedNanos > maxLifeNanos;
  }

  long openedNanos() {
    return openedNanos;
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    Exchange current = exchange;
    HttpObject part = (HttpObject) message;
    if (current == null || part.decoderResult().isFailure()) {
      // Nothing was asked, or it is no HTTP.
      ReferenceCountUtil.release(message);
      breaks(current == null ? new ClosedChannelException() : part.decoderResult().cause());
      return;
    }
    if (part instanceof HttpResponse head) {
      informational = head.status().codeClass() == HttpStatusClass.INFORMATIONAL;
      if (!informational) {
        keptAlive = HttpUtil.isKeepAlive(head);
        current.head(head);
      }
    }
    if (part instanceof HttpContent content) {
      if (informational || !isLentTo(current) || !content.content().isReadable()) {
        content.release();
      } else {
        current.content(content.content());
      }
      if (part instanceof LastHttpContent && !informational && isLentTo(current)) {
        ends(current);
      }
    }
  }

  @SuppressWarnings("ReferenceEquality") // The very exchange, not one like it.
  private boolean isLentTo(Exchange asking) {
    return exchange == asking;
  }

  private void ends(Exchange ending) {
    exchange = null;
    reused = true;
    channel.config().setAutoRead(true);
    if (keptAlive && requestSent) {
      free.accept(this);
    } else {
      var _ = channel.close();
    }
    ending.ended();
  }

  @Override
  public void channelReadComplete(ChannelHandlerContext context) {
    Exchange current = exchange;
    if (current != null) {
      current.pauses();
    }
  }

  @Override
  public void channelWritabilityChanged(ChannelHandlerContext context) {
    Exchange current = exchange;
    if (current != null && channel.isWritable()) {
      current.writable();
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    breaks(new ClosedChannelException());
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    breaks(cause);
  }

  private void breaks(Throwable cause) {
    Exchange broken = exchange;
    exchange = null;
    var _ = channel.close();
    if (broken != null) {
      broken.failed(cause);
    }
  }
}
