package io.onnxfleet.gateway.connection;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelOutboundBuffer;
import io.netty.channel.ChannelPromise;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.channel.socket.DuplexChannel;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.ReferenceCountUtil;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.springframework.util.unit.DataSize;

/** A connection with its guards, without a socket and with a clock that a test moves. */
final class GuardedConnection {

  static final ConnectionProperties PROPERTIES =
      new ConnectionProperties(
          1,
          Duration.ofSeconds(10),
          DataSize.ofKilobytes(1),
          Duration.ofSeconds(10),
          Duration.ofSeconds(30),
          DataSize.ofBytes(1000),
          Duration.ofSeconds(30));

  private static final int LONGEST_LINE = 200;
  private static final int LARGEST_HEADERS = 400;

  final SimpleMeterRegistry meters = new SimpleMeterRegistry();
  final AtomicInteger connections;
  final TestChannel channel = new TestChannel();
  final RequestProgress progress = new RequestProgress(channel);
  final RequestGuard requests =
      new RequestGuard(
          new ConnectionRefusals(meters, this::now),
          new HeadLimits(LONGEST_LINE, LARGEST_HEADERS),
          progress,
          this::now);
  private long now = 1;

  GuardedConnection() {
    this(0);
  }

  /** One more than there are. */
  GuardedConnection(int others) {
    connections = new AtomicInteger(others);
    channel.freezeTime();
    channel
        .pipeline()
        .addLast(
            new ConnectionGuard(PROPERTIES, connections, progress),
            new RequestPace(PROPERTIES, Duration.ofSeconds(30), progress, requests, this::now),
            new HttpServerCodec(LONGEST_LINE, LARGEST_HEADERS, 8192),
            requests);
  }

  long now() {
    return now;
  }

  void pass(Duration time) {
    now += time.toNanos();
    channel.advanceTimeBy(time.toNanos(), TimeUnit.NANOSECONDS);
    channel.runScheduledPendingTasks();
    channel.runPendingTasks();
  }

  /** The client sends that. */
  void receives(String text) {
    channel.writeInbound(Unpooled.copiedBuffer(text, UTF_8));
  }

  /** What the gateway has got since it was last asked: heads, bodies and their ends. */
  String passedOn() {
    StringBuilder all = new StringBuilder();
    for (Object next = channel.readInbound(); next != null; next = channel.readInbound()) {
      if (next instanceof HttpRequest request) {
        all.append(request.method()).append(' ').append(request.uri()).append(' ');
      }
      if (next instanceof HttpContent content) {
        all.append(content.content().toString(UTF_8));
      }
      if (next instanceof LastHttpContent) {
        all.append(';');
      }
      ReferenceCountUtil.release(next);
    }
    return all.toString();
  }

  /** What the client has got since it was last asked. */
  String sent() {
    StringBuilder all = new StringBuilder();
    for (ByteBuf next = channel.readOutbound(); next != null; next = channel.readOutbound()) {
      all.append(next.toString(US_ASCII));
      next.release();
    }
    return all.toString();
  }

  /** The gateway answers. */
  void answers(int status, String body) {
    DefaultFullHttpResponse answer =
        new DefaultFullHttpResponse(
            HttpVersion.HTTP_1_1,
            HttpResponseStatus.valueOf(status),
            Unpooled.copiedBuffer(body, UTF_8));
    answer.headers().set(HttpHeaderNames.CONTENT_LENGTH, body.length());
    channel.writeOutbound(answer);
  }

  /** Refusals of that kind that were counted. */
  double refused(String reason) {
    return meters.get(ConnectionRefusals.REFUSED).tag("reason", reason).counter().count();
  }

  /** In the place of a socket, both of whose sides can be closed, and whose client may not read. */
  static final class TestChannel extends EmbeddedChannel implements DuplexChannel {

    private boolean isOutputShutdown;
    private boolean isStalled;
    private int takes;

    /** Takes nothing of what is written from now on. */
    void stalls() {
      isStalled = true;
    }

    /** Takes that many bytes of what waits, and nothing more. */
    void takes(int bytes) {
      takes = bytes;
      flush();
    }

    void reads() {
      isStalled = false;
      flush();
    }

    @Override
    protected void doWrite(ChannelOutboundBuffer buffer) throws Exception {
      if (isStalled) {
        buffer.removeBytes(takes);
        takes = 0;
      } else {
        super.doWrite(buffer);
      }
    }

    @Override
    public boolean isInputShutdown() {
      return false;
    }

    @Override
    public ChannelFuture shutdownInput() {
      return newSucceededFuture();
    }

    @Override
    public ChannelFuture shutdownInput(ChannelPromise promise) {
      return promise.setSuccess();
    }

    @Override
    public boolean isOutputShutdown() {
      return isOutputShutdown;
    }

    @Override
    public ChannelFuture shutdownOutput() {
      return shutdownOutput(newPromise());
    }

    @Override
    public ChannelFuture shutdownOutput(ChannelPromise promise) {
      isOutputShutdown = true;
      return promise.setSuccess();
    }

    @Override
    public boolean isShutdown() {
      return false;
    }

    @Override
    public ChannelFuture shutdown() {
      return shutdownOutput();
    }

    @Override
    public ChannelFuture shutdown(ChannelPromise promise) {
      return shutdownOutput(promise);
    }
  }
}
