package io.onnxfleet.gateway.connection;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.ssl.SslHandshakeCompletionEvent;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import reactor.netty.NettyPipeline;

class ConnectionPipelineTest {

  private final EmbeddedChannel channel = new EmbeddedChannel();
  private final RequestProgress progress = new RequestProgress(channel);
  private final RequestGuard requests =
      new RequestGuard(
          new ConnectionRefusals(new SimpleMeterRegistry(), () -> 0),
          new HeadLimits(100, 100),
          progress,
          () -> 0);
  private final RequestPace pace =
      new RequestPace(
          GuardedConnection.PROPERTIES, Duration.ofSeconds(1), progress, requests, () -> 0);
  private final ConnectionGuard guard =
      new ConnectionGuard(GuardedConnection.PROPERTIES, new AtomicInteger(), progress);

  private void guard() {
    channel.pipeline().addLast(NettyPipeline.ReactiveBridge, new ChannelInboundHandlerAdapter());
    new ConnectionPipeline(channel.pipeline()).guard(guard, pace, requests, progress);
  }

  private void endHandshake() {
    channel.pipeline().fireUserEventTriggered("something else");
    channel.pipeline().fireUserEventTriggered(SslHandshakeCompletionEvent.SUCCESS);
  }

  @Test
  void guards_standAtTheSocket_andBehindTheCodec() {
    channel.pipeline().addLast(NettyPipeline.HttpCodec, new HttpServerCodec());
    guard();
    assertThat(channel.pipeline().names())
        .startsWith(
            "connectionGuard",
            "requestPace",
            NettyPipeline.HttpCodec,
            "requestGuard",
            NettyPipeline.ReactiveBridge);
  }

  @Test
  void guards_standWhereBytesArePlain_andBehindTheCodecThatTheHandshakeChose() {
    channel.pipeline().addLast(NettyPipeline.SslHandler, new ChannelInboundHandlerAdapter());
    guard();
    assertThat(channel.pipeline().names())
        .startsWith("connectionGuard", NettyPipeline.SslHandler, "requestPace")
        .doesNotContain("requestGuard");
    channel.pipeline().addAfter("requestPace", NettyPipeline.HttpCodec, new HttpServerCodec());

    endHandshake();

    assertThat(channel.pipeline().names())
        .containsSubsequence(NettyPipeline.HttpCodec, "requestGuard", NettyPipeline.ReactiveBridge)
        .doesNotContain("requestGuardLater");
    assertThat(progress.part()).isEqualTo(RequestProgress.Part.NONE);
  }

  @Test
  void requestGuard_stepsAside_whenTheHandshakeChoseAnotherProtocol() {
    channel.pipeline().addLast(NettyPipeline.SslHandler, new ChannelInboundHandlerAdapter());
    guard();
    endHandshake();
    assertThat(channel.pipeline().names()).doesNotContain("requestGuard", "requestGuardLater");
    assertThat(progress.part()).isEqualTo(RequestProgress.Part.OTHER);
  }
}
