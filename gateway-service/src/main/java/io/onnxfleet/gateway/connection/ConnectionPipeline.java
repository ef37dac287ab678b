package io.onnxfleet.gateway.connection;

import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelPipeline;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import reactor.netty.NettyPipeline;

/**
 * Puts the guards of one connection where they belong: next to the socket, where bytes are plain,
 * and behind the codec of HTTP/1. With TLS that is chosen when the handshake ends; HTTP/2 has none.
 */
record ConnectionPipeline(ChannelPipeline pipeline) {

  private static final String CONNECTION = "connectionGuard";
  private static final String PACE = "requestPace";
  private static final String REQUESTS = "requestGuard";
  private static final String LATER = "requestGuardLater";

  void guard(
      ConnectionGuard connection,
      RequestPace pace,
      RequestGuard requests,
      RequestProgress progress) {
    if (pipeline.get(NettyPipeline.SslHandler) == null) {
      pipeline.addFirst(PACE, pace);
    } else {
      pipeline.addAfter(NettyPipeline.SslHandler, PACE, pace);
    }
    pipeline.addFirst(CONNECTION, connection);
    if (!isBehindCodec(requests)) {
      pipeline.addBefore(NettyPipeline.ReactiveBridge, LATER, new Later(requests, progress));
    }
  }

  private boolean isBehindCodec(RequestGuard requests) {
    ChannelHandlerContext codec = pipeline.context(HttpServerCodec.class);
    if (codec == null) {
      return false;
    }
    pipeline.addAfter(codec.name(), REQUESTS, requests);
    return true;
  }

  private final class Later extends ChannelInboundHandlerAdapter {

    private final RequestGuard requests;
    private final RequestProgress progress;

    Later(RequestGuard requests, RequestProgress progress) {
      this.requests = requests;
      this.progress = progress;
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
      if (event instanceof SslHandshakeCompletionEvent) {
        if (!isBehindCodec(requests)) {
          progress.stepsAside();
        }
        pipeline.remove(this);
      }
      context.fireUserEventTriggered(event);
    }
  }
}
