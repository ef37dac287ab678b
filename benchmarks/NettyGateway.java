import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.codec.http.HttpClientCodec;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.ReferenceCountUtil;
import java.net.InetSocketAddress;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;

/**
 * A proxy of Netty's codecs alone: one backend, a pool of connections for each event loop, no balancing, no limits, no
 * retries. It tells {@code gateway.sh} how little a gateway on the JVM can cost. Runs from its source on the class path of
 * gateway-service's libraries.
 */
class NettyGateway {
  private static final Map<EventLoop, ArrayDeque<Channel>> POOLS = new HashMap<>();

  public static void main(String[] arguments) throws Exception {
    InetSocketAddress backend = new InetSocketAddress("127.0.0.1", Integer.getInteger("backend"));
    IoHandlerFactory io = Epoll.isAvailable() ? EpollIoHandler.newFactory() : NioIoHandler.newFactory();
    MultiThreadIoEventLoopGroup loops = new MultiThreadIoEventLoopGroup(Integer.getInteger("loops", 1), io);
    loops.forEach(loop -> POOLS.put((EventLoop) loop, new ArrayDeque<>()));
    Class<? extends ServerChannel> kind = Epoll.isAvailable() ? EpollServerSocketChannel.class : NioServerSocketChannel.class;
    new ServerBootstrap()
        .group(loops)
        .channel(kind)
        .childOption(ChannelOption.TCP_NODELAY, true)
        .childHandler(
            new ChannelInitializer<Channel>() {
              @Override
              protected void initChannel(Channel channel) {
                channel.pipeline().addLast(new HttpServerCodec(), new Front(backend));
              }
            })
        .bind("127.0.0.1", Integer.getInteger("port"))
        .sync()
        .channel()
        .closeFuture()
        .sync();
  }

  /** A caller's connection: what it sends goes to a backend's connection that is its own until the answer's end. */
  private static final class Front extends ChannelInboundHandlerAdapter {
    private final InetSocketAddress backend;
    private final ArrayDeque<Object> early = new ArrayDeque<>();
    private Channel back;

    Front(InetSocketAddress backend) {
      this.backend = backend;
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
      if (message instanceof HttpRequest request) {
        request.headers().set(HttpHeaderNames.HOST, "127.0.0.1");
        back = POOLS.get(context.channel().eventLoop()).pollFirst();
        if (back == null) {
          connect(context);
        } else {
          back.pipeline().get(Back.class).front = context;
        }
      }
      if (back == null) {
        early.add(message);
      } else {
        back.write(message, back.voidPromise());
      }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext context) {
      if (back != null) {
        back.flush();
      }
    }

    private void connect(ChannelHandlerContext context) {
      new Bootstrap()
          .group(context.channel().eventLoop())
          .channel(Epoll.isAvailable() ? EpollSocketChannel.class : NioSocketChannel.class)
          .option(ChannelOption.TCP_NODELAY, true)
          .handler(
              new ChannelInitializer<Channel>() {
                @Override
                protected void initChannel(Channel channel) {
                  channel.pipeline().addLast(new HttpClientCodec(), new Back());
                }
              })
          .connect(backend)
          .addListener(
              connected -> {
                if (!connected.isSuccess()) {
                  context.close();
                  return;
                }
                back = ((io.netty.channel.ChannelFuture) connected).channel();
                back.pipeline().get(Back.class).front = context;
                early.forEach(message -> back.write(message, back.voidPromise()));
                early.clear();
                back.flush();
              });
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
      early.forEach(ReferenceCountUtil::release);
      if (back != null) {
        back.close();
      }
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
      context.close();
    }
  }

  /** A backend's connection: what it answers goes to the caller; after the end it waits for the next one. */
  private static final class Back extends ChannelInboundHandlerAdapter {
    private ChannelHandlerContext front;

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
      front.write(message, front.voidPromise());
      if (message instanceof LastHttpContent) {
        ChannelHandlerContext answered = front;
        answered.pipeline().get(Front.class).back = null;
        POOLS.get(context.channel().eventLoop()).addFirst(context.channel());
      }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext context) {
      if (front != null) {
        front.flush();
      }
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
      POOLS.get(context.channel().eventLoop()).remove(context.channel());
      if (front != null) {
        front.close();
      }
    }
  }
}
