package io.onnxfleet.gateway.local;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOutboundHandlerAdapter;
import io.netty.channel.ChannelPromise;
import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.local.LocalAddress;
import io.netty.channel.local.LocalChannel;
import io.netty.channel.local.LocalIoHandler;
import io.netty.channel.local.LocalServerChannel;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.DefaultHttpResponse;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.resolver.DefaultAddressResolverGroup;
import io.netty.util.concurrent.SingleThreadEventExecutor;
import io.onnxfleet.gateway.fleet.Replica;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.springframework.cloud.client.DefaultServiceInstance;
import reactor.netty.http.client.HttpClient;
import reactor.netty.resources.ConnectionProvider;
import reactor.netty.resources.LoopResources;

/**
 * Replicas in this process, which are spoken to in HTTP over Netty's local channels: no socket is
 * opened. Both sides run on one thread, so that {@link #settle} knows when nothing is under way.
 */
public final class LocalReplicas implements AutoCloseable {

  private static final int MOST_OF_BODY = 1 << 20;
  private static final AtomicInteger PORTS = new AtomicInteger(10_000);

  private final EventLoopGroup group =
      new MultiThreadIoEventLoopGroup(1, LocalIoHandler.newFactory());
  private final ConnectionProvider connections;
  private final List<Asked> asked = new CopyOnWriteArrayList<>();

  /** With as many connections to a replica as are asked for. */
  public LocalReplicas() {
    this(100, 100);
  }

  /**
   * With a pool of connections to each replica.
   *
   * @param waiting for one of them, at the most
   */
  public LocalReplicas(int connections, int waiting) {
    this.connections =
        ConnectionProvider.builder("local")
            .maxConnections(connections)
            .pendingAcquireMaxCount(waiting)
            .build();
  }

  /** The way to the replicas, through the pool. */
  public HttpClient pooled() {
    return over(HttpClient.create(connections));
  }

  /** The same with a new connection for each request. */
  public HttpClient unpooled() {
    return over(HttpClient.newConnection());
  }

  private HttpClient over(HttpClient http) {
    return http.disableRetry(true)
        .followRedirect(false)
        .resolver(DefaultAddressResolverGroup.INSTANCE)
        .runOn(new LocalLoop(group));
  }

  /**
   * Starts a replica.
   *
   * @param metadata as the registry has it
   * @param answering what it does with each request
   */
  public Replica start(String id, Map<String, String> metadata, Consumer<Asked> answering) {
    int port = PORTS.incrementAndGet();
    new ServerBootstrap()
        .group(group)
        .channel(LocalServerChannel.class)
        .childHandler(
            new ChannelInitializer<LocalChannel>() {
              @Override
              protected void initChannel(LocalChannel channel) {
                channel
                    .pipeline()
                    .addLast(new HttpServerCodec())
                    .addLast(new HttpObjectAggregator(MOST_OF_BODY))
                    .addLast(new Listening(answering));
              }
            })
        .bind(at(port))
        .syncUninterruptibly();
    return replica(id, metadata, port);
  }

  public Replica start(String id, Consumer<Asked> answering) {
    return start(id, Map.of(), answering);
  }

  /** A replica whose port is closed. */
  public Replica ended(String id, Map<String, String> metadata) {
    return replica(id, metadata, PORTS.incrementAndGet());
  }

  public Replica ended(String id) {
    return ended(id, Map.of());
  }

  private static Replica replica(String id, Map<String, String> metadata, int port) {
    return Replica.of(
        new DefaultServiceInstance(id, "inference-service", "127.0.0.1", port, false, metadata));
  }

  /** The requests that replicas got, in their order. */
  public List<Asked> asked() {
    return asked;
  }

  /** Returns once neither side has anything to do any more. */
  public void settle() {
    EventLoop only = group.next();
    boolean isIdle = false;
    while (!isIdle) {
      isIdle =
          only.submit(() -> ((SingleThreadEventExecutor) only).pendingTasks() == 0)
              .syncUninterruptibly()
              .getNow();
    }
  }

  @Override
  public void close() {
    connections.dispose();
    var _ = group.shutdownGracefully();
  }

  private static LocalAddress at(int port) {
    return new LocalAddress("replica-" + port);
  }

  /** One request at a replica, which may be answered later, or never. */
  public record Asked(
      String method, String uri, HttpHeaders headers, String body, Channel connection) {

    /** The whole answer; the connection stays open. */
    public void answers(int status, String body, String... headers) {
      byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
      DefaultFullHttpResponse answer =
          new DefaultFullHttpResponse(
              HttpVersion.HTTP_1_1,
              HttpResponseStatus.valueOf(status),
              Unpooled.wrappedBuffer(bytes));
      head(answer, bytes.length, headers);
      var _ = connection.writeAndFlush(answer);
    }

    /** The head of an answer and, if it is not empty, the start of its body. */
    public void begins(int status, int length, String start, String... headers) {
      HttpResponse answer =
          new DefaultHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.valueOf(status));
      head(answer, length, headers);
      var _ = connection.write(answer);
      var _ =
          connection.writeAndFlush(
              new io.netty.handler.codec.http.DefaultHttpContent(
                  Unpooled.wrappedBuffer(start.getBytes(StandardCharsets.UTF_8))));
    }

    /** Closes the connection. */
    public void breaksOff() {
      var _ = connection.close();
    }

    private static void head(HttpResponse answer, int length, String... headers) {
      answer.headers().set(HttpHeaderNames.CONTENT_LENGTH, length);
      for (int i = 0; i < headers.length; i += 2) {
        answer.headers().add(headers[i], headers[i + 1]);
      }
    }
  }

  private final class Listening extends SimpleChannelInboundHandler<FullHttpRequest> {

    private final Consumer<Asked> answering;

    Listening(Consumer<Asked> answering) {
      this.answering = answering;
    }

    @Override
    protected void channelRead0(ChannelHandlerContext context, FullHttpRequest request) {
      Asked one =
          new Asked(
              request.method().name(),
              request.uri(),
              request.headers().copy(),
              request.content().toString(StandardCharsets.UTF_8),
              context.channel());
      asked.add(one);
      answering.accept(one);
    }
  }

  /** Local channels in the place of sockets. */
  private record LocalLoop(EventLoopGroup group) implements LoopResources {

    @Override
    public EventLoopGroup onServer(boolean useNative) {
      return group;
    }

    @Override
    public <C extends Channel> C onChannel(Class<C> type, EventLoopGroup loop) {
      LocalChannel channel = new LocalChannel();
      channel.pipeline().addFirst(new LocalConnecting());
      @SuppressWarnings("unchecked") // Whoever asks uses it as a channel.
      C made = (C) channel;
      return made;
    }
  }

  /** Connects to the replica of that port. */
  private static final class LocalConnecting extends ChannelOutboundHandlerAdapter {

    @Override
    public void connect(
        ChannelHandlerContext context,
        SocketAddress remote,
        SocketAddress local,
        ChannelPromise promise) {
      var _ = context.connect(at(((InetSocketAddress) remote).getPort()), promise);
    }
  }
}
