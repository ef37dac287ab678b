package io.onnxfleet.benchmarks.load;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;

/**
 * Answers every request with 200 and the same bytes, at once, from one thread: what is measured
 * against it is the load generator. Listens on a free port of the loopback address until closed.
 */
public final class NoOpServer implements AutoCloseable {
  private static final String HOST = "127.0.0.1";

  private final Transport transport = Transport.ofThisSystem(1);
  private final ByteBuf answer;
  private final int port;

  /**
   * Listens at once.
   *
   * @param bodyBytes length of each answer's body
   */
  public NoOpServer(int bodyBytes) {
    byte[] head =
        ("HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: "
                + bodyBytes
                + "\r\n\r\n")
            .getBytes(ISO_8859_1);
    ByteBuffer bytes = ByteBuffer.allocateDirect(head.length + bodyBytes).put(head);
    answer = Unpooled.unreleasableBuffer(Unpooled.wrappedBuffer(bytes.rewind()));
    Channel listening =
        new ServerBootstrap()
            .group(transport.group())
            .channel(transport.server())
            .option(ChannelOption.SO_BACKLOG, 1024)
            .childOption(ChannelOption.TCP_NODELAY, true)
            .childHandler(
                new ChannelInitializer<>() {
                  @Override
                  protected void initChannel(Channel channel) {
                    channel.pipeline().addLast(new Session());
                  }
                })
            .bind(HOST, 0)
            .syncUninterruptibly()
            .channel();
    port = ((InetSocketAddress) listening.localAddress()).getPort();
  }

  public Target target() {
    return new Target(HOST, port);
  }

  @Override
  public void close() {
    transport.close();
  }

  /** One connection. */
  private final class Session extends ChannelInboundHandlerAdapter {
    private final HttpMessageParser parser = HttpMessageParser.ofRequests();

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
      ByteBuf bytes = (ByteBuf) message;
      try {
        while (parser.parse(bytes)) {
          var _ = context.write(answer.duplicate(), context.voidPromise());
        }
      } finally {
        bytes.release();
      }
    }

    @Override
    public void channelReadComplete(ChannelHandlerContext context) {
      context.flush();
    }

    @Override
    public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
      var _ = context.close();
    }
  }
}
