package io.onnxfleet.gateway.departure;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaderValues;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpStatusClass;
import io.netty.handler.codec.http2.DefaultHttp2GoAwayFrame;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2FrameCodec;
import io.netty.util.AttributeKey;
import io.netty.util.concurrent.GlobalEventExecutor;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.context.SmartLifecycle;
import reactor.core.publisher.Flux;
import reactor.netty.NettyPipeline;

/**
 * The last seconds of a gateway that was told to stop. It still takes connections and requests, and
 * says with each answer that it is the last one of its connection: {@code Connection: close}, or
 * GOAWAY on HTTP/2. Only then does the server close its door, and what is idle with it.
 *
 * <p>So no client that uses a connection within the notice has it closed under its next request: a
 * request that is on its way to a closed connection is lost, and a client may not repeat it.
 *
 * <p>Safe for use by many threads. Keeps no more than the connections that are open.
 */
final class Departure implements SmartLifecycle {

  private static final Logger LOGGER = LoggerFactory.getLogger(Departure.class);

  /** New connections of HTTP/2 are told so often. */
  private static final Duration LOOK = Duration.ofMillis(100);

  private static final AttributeKey<Boolean> TOLD = AttributeKey.valueOf(Departure.class, "told");

  private final Duration notice;
  private final ChannelGroup connections = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE);
  private volatile boolean underWay;
  private volatile boolean running;

  Departure(Duration notice) {
    this.notice = notice;
  }

  /** Looks after a connection of a client's. */
  void watch(Channel connection) {
    connections.add(connection);
    connection.pipeline().addBefore(NettyPipeline.ReactiveBridge, "departure", new LastAnswer());
  }

  @Override
  public void start() {
    running = true;
  }

  @Override
  public void stop() {
    stop(() -> {});
  }

  @Override
  public void stop(Runnable stopped) {
    running = false;
    underWay = true;
    if (notice.isZero()) {
      stopped.run();
      return;
    }
    LOGGER.info("leaving: for {} each answer is the last one of its connection", notice);
    var _ =
        Flux.interval(Duration.ZERO, LOOK)
            .take(notice)
            .doOnNext(look -> connections.forEach(Departure::sendGoAway))
            .doFinally(signal -> stopped.run())
            .subscribe();
  }

  @Override
  public boolean isRunning() {
    return running;
  }

  /** Above the web server's phases: stopped before it takes nothing more. */
  @Override
  public int getPhase() {
    return DEFAULT_PHASE;
  }

  /**
   * The first of two: streams that the client has begun, or begins before it reads this, are
   * served.
   */
  private static void sendGoAway(Channel connection) {
    if (connection.pipeline().get(Http2FrameCodec.class) != null
        && connection.attr(TOLD).setIfAbsent(true) == null) {
      var _ =
          connection.writeAndFlush(
              new DefaultHttp2GoAwayFrame(Http2Error.NO_ERROR)
                  .setExtraStreamIds(Integer.MAX_VALUE));
    }
  }

  private final class LastAnswer extends ChannelOutboundHandlerAdapter {

    @Override
    public void write(ChannelHandlerContext context, Object message, ChannelPromise promise) {
      if (underWay
          && message instanceof HttpResponse answer
          && answer.status().codeClass() != HttpStatusClass.INFORMATIONAL) {
        answer.headers().set(HttpHeaderNames.CONNECTION, HttpHeaderValues.CLOSE);
      }
      var _ = context.write(message, promise);
    }
  }
}
