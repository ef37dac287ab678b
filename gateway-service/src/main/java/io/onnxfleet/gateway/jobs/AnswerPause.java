package io.onnxfleet.gateway.jobs;

import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.timeout.ReadTimeoutException;
import io.netty.handler.timeout.ReadTimeoutHandler;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/**
 * Ends an answer of which nothing comes for too long, with a {@link ReadTimeoutException}: whoever
 * sends it may have vanished without a word. Only time in which more of it was wanted counts, since
 * a client that takes its answer slowly stops the reading. Belongs to its connection's event loop.
 */
final class AnswerPause extends ReadTimeoutHandler {
  private boolean isWanted = true;

  AnswerPause(Duration longest) {
    super(longest.toNanos(), TimeUnit.NANOSECONDS);
  }

  @Override
  public void read(ChannelHandlerContext context) throws Exception {
    if (!isWanted) {
      isWanted = true;
      resetReadTimeout();
    }
    super.read(context);
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) throws Exception {
    isWanted = false;
    super.channelRead(context, message);
  }

  @Override
  protected void readTimedOut(ChannelHandlerContext context) throws Exception {
    if (isWanted) {
      super.readTimedOut(context);
    }
  }
}
