package io.onnxfleet.gateway.connection;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.timeout.ReadTimeoutException;
import io.netty.util.ReferenceCountUtil;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/*
 * A slow client is told by what it sends, not by a timer for every request: a head and a small body
 * come in one read, so that nothing is scheduled for them.
 *
 *   head:      not complete after its first byte has been there for the timeout -> 408, close
 *   body:      slower than the least rate after a grace time, or no byte of it for the longest
 *              pause                                                            -> 408, close
 *   the rest of a body whose request is answered: larger or slower than is taken -> close
 *
 * Only time in which the gateway wanted to read counts: a client that waits because a replica takes
 * nothing is not slow.
 *
 * A connection without a request is the business of the idle timeout.
 */
/**
 * Ends requests of one connection that are sent too slowly. Stands where bytes are plain, before
 * the codec. Belongs to its connection's event loop.
 */
final class RequestPace extends ChannelDuplexHandler {

  private final ConnectionProperties properties;
  private final Duration longestPause;
  private final RequestProgress progress;
  private final RequestGuard requests;
  private final LongSupplier nanoClock;

  private boolean headTimed;
  private boolean pauseTimed;

  /** Which request the following is about. */
  private long request;

  private boolean wanted;
  private long wantedSince;
  private long waited;
  private long bodyBytes;
  private long drained;

  RequestPace(
      ConnectionProperties properties,
      Duration longestPause,
      RequestProgress progress,
      RequestGuard requests,
      LongSupplier nanoClock) {
    this.properties = properties;
    this.longestPause = longestPause;
    this.progress = progress;
    this.requests = requests;
    this.nanoClock = nanoClock;
  }

  @Override
  public void read(ChannelHandlerContext context) {
    if (progress.part() == RequestProgress.Part.BODY && !wanted) {
      wanted = true;
      wantedSince = nanoClock.getAsLong();
    }
    context.read();
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    if (progress.part() == RequestProgress.Part.OTHER) {
      context.fireChannelRead(message);
      return;
    }
    progress.begins();
    boolean tooSlow = false;
    if (progress.part() == RequestProgress.Part.BODY) {
      tooSlow = isTooSlow(message instanceof ByteBuf buffer ? buffer.readableBytes() : 0);
      if (progress.isAnswered() && (tooSlow || isDrainedEnough())) {
        ReferenceCountUtil.release(message);
        abandon(context);
        return;
      }
    }
    context.fireChannelRead(message);
    if (progress.part() == RequestProgress.Part.BODY) {
      if (tooSlow) {
        end(context);
      } else {
        timePause(context, longestPause.toNanos());
      }
    } else if (progress.part() == RequestProgress.Part.HEAD) {
      timeHead(context);
    }
  }

  private boolean isTooSlow(int bytes) {
    long now = nanoClock.getAsLong();
    if (request != progress.heads()) {
      request = progress.heads();
      waited = 0;
      bodyBytes = 0;
      drained = 0;
    } else if (wanted) {
      waited += now - wantedSince;
    }
    wanted = false;
    bodyBytes += bytes;
    if (progress.isAnswered()) {
      drained += bytes;
    }
    double seconds = waited / 1e9;
    return waited > properties.bodyGrace().toNanos()
        && bodyBytes < seconds * properties.minBodyRate().toBytes();
  }

  private boolean isDrainedEnough() {
    return drained > properties.drainSize().toBytes()
        || nanoClock.getAsLong() - progress.answeredAt() > properties.drainTime().toNanos();
  }

  private void timePause(ChannelHandlerContext context, long nanos) {
    if (pauseTimed) {
      return;
    }
    pauseTimed = true;
    long timed = progress.heads();
    var _ =
        context.executor().schedule(() -> endPause(context, timed), nanos, TimeUnit.NANOSECONDS);
  }

  private void endPause(ChannelHandlerContext context, long timed) {
    pauseTimed = false;
    if (progress.part() != RequestProgress.Part.BODY || !context.channel().isActive()) {
      return;
    }
    long paused = wanted && timed == progress.heads() ? nanoClock.getAsLong() - wantedSince : 0;
    if (paused >= longestPause.toNanos()) {
      end(context);
    } else {
      timePause(context, longestPause.toNanos() - paused);
    }
  }

  private void end(ChannelHandlerContext context) {
    if (progress.isAnswered()) {
      abandon(context);
    } else {
      requests.endBody(ReadTimeoutException.INSTANCE);
    }
  }

  private void abandon(ChannelHandlerContext context) {
    progress.abandon();
    var _ = context.close();
  }

  private void timeHead(ChannelHandlerContext context) {
    if (headTimed) {
      return;
    }
    headTimed = true;
    long timed = progress.heads();
    var _ =
        context
            .executor()
            .schedule(
                () -> endHead(context, timed),
                properties.headTimeout().toNanos(),
                TimeUnit.NANOSECONDS);
  }

  private void endHead(ChannelHandlerContext context, long timed) {
    headTimed = false;
    if (progress.part() != RequestProgress.Part.HEAD || !context.channel().isActive()) {
      return;
    }
    if (timed == progress.heads()) {
      requests.refuseHead(context);
    } else {
      // A later head, which was not timed because this timer was still there.
      timeHead(context);
    }
  }
}
