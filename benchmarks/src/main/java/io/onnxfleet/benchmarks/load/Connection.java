package io.onnxfleet.benchmarks.load;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.onnxfleet.benchmarks.load.Ends.Broken;
import org.jspecify.annotations.Nullable;

/**
 * A kept-alive connection that bears one request at a time, from its opening to its end; it is not
 * opened again. Tells its owner how each request ended, exactly once, and when it is closed.
 * Belongs to one event loop.
 */
final class Connection extends ChannelInboundHandlerAdapter {
  /** Whom a connection serves. Called in the event loop. */
  interface Owner {
    /** The connection is free for the first time. */
    void opened(Connection connection);

    /** The answer is complete. The connection is free, unless it is about to be closed. */
    void answered(Connection connection, int status, String error);

    /** The request ended without an answer. */
    void broke(Connection connection, Broken how, String message);

    /** There is no connection any more; no request is under way. */
    void closed(Connection connection);
  }

  /** Its place among the connections of its owner; one that takes another's place has its index. */
  final int index;

  private final Owner owner;
  private final HttpMessageParser parser = HttpMessageParser.ofResponses();
  private @Nullable Channel channel;
  private boolean isBusy;
  private long since;
  private long sent;

  Connection(int index, Owner owner) {
    this.index = index;
    this.owner = owner;
  }

  boolean isOpen() {
    Channel current = channel;
    return current != null && current.isActive();
  }

  boolean isBusy() {
    return isBusy;
  }

  /** From when the latency of the request under way, or of the last one, counts. */
  long since() {
    return since;
  }

  /** When the request under way, or the last one, was sent. */
  long sent() {
    return sent;
  }

  /**
   * Sends a request; the connection must be free.
   *
   * @param from from when the latency counts, which may be before now
   */
  void send(PreparedRequest request, long from, long now) {
    Channel current = channel;
    if (isBusy || current == null) {
      throw new IllegalStateException("connection " + index + " is not free");
    }
    isBusy = true;
    since = from;
    sent = now;
    var _ = current.writeAndFlush(request.view(), current.voidPromise());
  }

  /** Ends the request under way, if there is one, and the connection. */
  void close(Broken how, String message) {
    end(how, message);
    Channel current = channel;
    if (current != null) {
      var _ = current.close();
    }
  }

  @Override
  public void channelActive(ChannelHandlerContext context) {
    channel = context.channel();
    owner.opened(this);
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    ByteBuf bytes = (ByteBuf) message;
    try {
      if (!isBusy) {
        close(Broken.MALFORMED, "bytes that no request asked for");
      } else if (parser.parse(bytes)) {
        answered(context.channel());
      }
    } catch (IllegalArgumentException e) {
      close(Broken.MALFORMED, String.valueOf(e.getMessage()));
    } finally {
      bytes.release();
    }
  }

  private void answered(Channel current) {
    isBusy = false;
    if (!parser.keepsAlive()) {
      channel = null;
      var _ = current.close();
    }
    owner.answered(this, parser.status(), parser.error());
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    close(Broken.RESET, String.valueOf(cause.getMessage()));
  }

  @Override
  public void channelInactive(ChannelHandlerContext context) {
    channel = null;
    if (isBusy && parser.end()) { // an answer without a length ends with its connection
      isBusy = false;
      owner.answered(this, parser.status(), parser.error());
    }
    end(Broken.RESET, "closed by the server before the answer was complete");
    owner.closed(this);
  }

  private void end(Broken how, String message) {
    if (isBusy) {
      isBusy = false;
      owner.broke(this, how, message);
    }
  }
}
