package io.onnxfleet.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioDatagramChannel;
import io.netty.handler.codec.dns.DatagramDnsQuery;
import io.netty.handler.codec.dns.DatagramDnsQueryDecoder;
import io.netty.handler.codec.dns.DatagramDnsResponse;
import io.netty.handler.codec.dns.DatagramDnsResponseEncoder;
import io.netty.handler.codec.dns.DefaultDnsQuestion;
import io.netty.handler.codec.dns.DefaultDnsRawRecord;
import io.netty.handler.codec.dns.DnsRecordType;
import io.netty.handler.codec.dns.DnsResponseCode;
import io.netty.handler.codec.dns.DnsSection;
import io.onnxfleet.gateway.fleet.FleetWatch;
import io.onnxfleet.gateway.fleet.Replica;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

class DnsIT {

  /** More than one look, each of which asks again before it gives up. */
  private static final int UNANSWERED = 4;

  /** A name server of one name. */
  private static final class NameServer implements AutoCloseable {
    private final EventLoopGroup loop =
        new MultiThreadIoEventLoopGroup(1, NioIoHandler.newFactory());
    private final Channel channel;
    private volatile List<String> addresses = List.of();
    private volatile boolean silent;
    final AtomicInteger unanswered = new AtomicInteger();

    NameServer() throws InterruptedException {
      channel =
          new Bootstrap()
              .group(loop)
              .channel(NioDatagramChannel.class)
              .handler(
                  new ChannelInitializer<NioDatagramChannel>() {
                    @Override
                    protected void initChannel(NioDatagramChannel opened) {
                      opened
                          .pipeline()
                          .addLast(new DatagramDnsQueryDecoder())
                          .addLast(new DatagramDnsResponseEncoder())
                          .addLast(
                              new SimpleChannelInboundHandler<DatagramDnsQuery>() {
                                @Override
                                protected void channelRead0(
                                    ChannelHandlerContext context, DatagramDnsQuery query)
                                    throws Exception {
                                  answer(context, query);
                                }
                              });
                    }
                  })
              .bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
              .sync()
              .channel();
    }

    private void answer(ChannelHandlerContext context, DatagramDnsQuery query) throws Exception {
      if (silent) {
        unanswered.incrementAndGet();
        return;
      }
      DefaultDnsQuestion question = query.recordAt(DnsSection.QUESTION);
      List<String> now = addresses;
      DatagramDnsResponse response =
          new DatagramDnsResponse(
              /* sender= */ query.recipient(),
              /* recipient= */ query.sender(),
              query.id(),
              query.opCode(),
              now.isEmpty() ? DnsResponseCode.NXDOMAIN : DnsResponseCode.NOERROR);
      response.addRecord(DnsSection.QUESTION, question);
      if (question.type().equals(DnsRecordType.A)) {
        for (String address : now) {
          response.addRecord(
              DnsSection.ANSWER,
              // A long time to live, which nobody may heed.
              new DefaultDnsRawRecord(
                  question.name(),
                  DnsRecordType.A,
                  3600,
                  Unpooled.wrappedBuffer(InetAddress.getByName(address).getAddress())));
        }
      }
      var _ = context.writeAndFlush(response);
    }

    String address() {
      return "127.0.0.1:" + ((InetSocketAddress) channel.localAddress()).getPort();
    }

    @Override
    public void close() {
      channel.close().syncUninterruptibly();
      var _ = loop.shutdownGracefully();
    }
  }

  @Test
  void replicas_comeAndGoByTheirOwnWord_andStayWhileDnsIsAway() throws Exception {
    try (NameServer dns = new NameServer();
        FakeReplica one = FakeReplica.answering("one", "{\"by\":\"one\"}");
        RunningGateway gateway =
            new RunningGateway(
                "fleet.gateway.dns.name=replicas.example.",
                "fleet.gateway.dns.port=" + one.port(),
                "fleet.gateway.dns.server=" + dns.address(),
                "fleet.gateway.dns.interval=100ms",
                "fleet.gateway.dns.timeout=1s",
                "fleet.gateway.registry.refresh-interval=50ms")) {
      one.telling("models-ready", "a:1", "models-known", "", "started", "1", "revision", "1");
      awaitReplicas(gateway);
      assertThat(gateway.get("/actuator/health/readiness").statusCode()).isEqualTo(200);

      dns.addresses = List.of("127.0.0.1");
      awaitReplicas(gateway, "one");
      assertThat(gateway.post("/v2/models/a/infer", "{}").body()).isEqualTo("{\"by\":\"one\"}");

      one.telling("models-ready", "a:1,b:1", "models-known", "", "started", "1", "revision", "2");
      Awaitility.await()
          .atMost(Duration.ofSeconds(20))
          .until(() -> gateway.post("/v2/models/b/infer", "{}").statusCode() == 200);

      dns.silent = true;
      Awaitility.await()
          .atMost(Duration.ofSeconds(20))
          .until(() -> dns.unanswered.get() >= UNANSWERED);
      awaitReplicas(gateway, "one");
      assertThat(gateway.post("/v2/models/a/infer", "{}").statusCode()).isEqualTo(200);

      one.drain();
      awaitReplicas(gateway);
    }
  }

  @Test
  void registryAndDns_areNotAskedBoth() {
    assertThatThrownBy(
            () ->
                new RunningGateway("fleet.gateway.dns.name=replicas", "eureka.client.enabled=true")
                    .close())
        .rootCause()
        .hasMessageContaining("expected: with eureka.client.enabled=false");
  }

  private static void awaitReplicas(RunningGateway gateway, String... ids) {
    Awaitility.await()
        .atMost(Duration.ofSeconds(20))
        .untilAsserted(
            () ->
                assertThat(gateway.bean(FleetWatch.class).current().registered())
                    .extracting(Replica::id)
                    .containsExactly(ids));
  }
}
