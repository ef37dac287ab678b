package io.onnxfleet.gateway.client;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.socket.SocketChannel;
import io.netty.handler.codec.http.HttpClientCodec;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslHandler;
import io.netty.resolver.AddressResolverGroup;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;
import java.net.InetSocketAddress;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import reactor.netty.http.HttpResources;
import reactor.netty.resources.LoopResources;

/** Connects over TCP, with TLS or without, on the event loops of the gateway's own server. */
final class TcpConnector implements Connector {

  private static final int MOST_OF_HEADERS = 32 * 1024;
  private static final int MOST_OF_A_PIECE = 64 * 1024;

  private final Duration timeout;
  private final @Nullable SslContext tls;
  private final EventLoopGroup loops;
  private final Class<? extends Channel> channelClass;
  private final AddressResolverGroup<?> resolver;

  TcpConnector(Duration timeout, @Nullable SslContext tls) {
    this.timeout = timeout;
    this.tls = tls;
    HttpResources resources = HttpResources.get();
    this.loops = resources.onClient(LoopResources.DEFAULT_NATIVE);
    this.channelClass = resources.onChannelClass(SocketChannel.class, loops);
    this.resolver = resources.getOrCreateDefaultResolver();
  }

  @Override
  public EventLoop loop() {
    return loops.next();
  }

  @Override
  public Future<Channel> connect(EventLoop loop, InetSocketAddress address) {
    Promise<Channel> made = loop.newPromise();
    ChannelFuture connecting =
        new Bootstrap()
            .group(loop)
            .channel(channelClass)
            .resolver(resolver)
            .option(ChannelOption.CONNECT_TIMEOUT_MILLIS, (int) timeout.toMillis())
            .option(ChannelOption.TCP_NODELAY, true)
            .handler(
                new ChannelInitializer<Channel>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    prepare(channel, address);
                  }
                })
            .connect(address);
    Channel channel = connecting.channel();
    connecting.addListener(
        connected -> {
          SslHandler secured = channel.pipeline().get(SslHandler.class);
          if (connected.isSuccess() && secured != null) {
            secured.handshakeFuture().addListener(shaken -> tell(made, channel, shaken));
          } else {
            tell(made, channel, connected);
          }
        });
    return made;
  }

  private static void tell(Promise<Channel> made, Channel channel, Future<?> outcome) {
    if (outcome.isSuccess()) {
      made.setSuccess(channel);
    } else {
      var _ = channel.close();
      made.setFailure(outcome.cause());
    }
  }

  private void prepare(Channel channel, InetSocketAddress address) {
    if (tls != null) {
      channel
          .pipeline()
          .addLast(tls.newHandler(channel.alloc(), address.getHostString(), address.getPort()));
    }
    channel
        .pipeline()
        .addLast(
            new HttpClientCodec(
                new HttpDecoderConfig()
                    .setMaxHeaderSize(MOST_OF_HEADERS)
                    .setMaxChunkSize(MOST_OF_A_PIECE),
                HttpClientCodec.DEFAULT_PARSE_HTTP_AFTER_CONNECT_REQUEST,
                HttpClientCodec.DEFAULT_FAIL_ON_MISSING_RESPONSE));
  }
}
