package io.onnxfleet.gateway.registry;

import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioDatagramChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.codec.dns.DnsResponseCode;
import io.netty.resolver.dns.DnsErrorCauseException;
import io.netty.resolver.dns.DnsNameResolver;
import io.netty.resolver.dns.DnsNameResolverBuilder;
import io.netty.resolver.dns.NoopAuthoritativeDnsServerCache;
import io.netty.resolver.dns.NoopDnsCache;
import io.netty.resolver.dns.NoopDnsCnameCache;
import io.netty.resolver.dns.SequentialDnsServerAddressStreamProvider;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import reactor.core.publisher.Mono;

/**
 * Asks a DNS server for every address of a name, and remembers nothing: a record that was taken
 * back would be answered from a cache for as long as it lives there. Long answers come over TCP.
 */
final class DnsLookup implements ReplicasByName, AutoCloseable {

  private final EventLoopGroup loop =
      new MultiThreadIoEventLoopGroup(
          1, Thread.ofPlatform().name("dns").daemon().factory(), NioIoHandler.newFactory());
  private final DnsNameResolver resolver;
  private final String name;

  DnsLookup(DnsProperties properties) {
    this.name = properties.name();
    DnsNameResolverBuilder builder =
        new DnsNameResolverBuilder(loop.next())
            .datagramChannelType(NioDatagramChannel.class)
            .socketChannelType(NioSocketChannel.class)
            .resolveCache(NoopDnsCache.INSTANCE)
            .cnameCache(NoopDnsCnameCache.INSTANCE)
            .authoritativeDnsServerCache(NoopAuthoritativeDnsServerCache.INSTANCE)
            .queryTimeoutMillis(properties.timeout().toMillis());
    if (!properties.server().isEmpty()) {
      builder.nameServerProvider(
          new SequentialDnsServerAddressStreamProvider(address(properties.server())));
    }
    this.resolver = builder.build();
  }

  private static InetSocketAddress address(String server) {
    int colon = server.lastIndexOf(':');
    String host = server.substring(0, colon).replace("[", "").replace("]", "");
    return new InetSocketAddress(host, Integer.parseInt(server.substring(colon + 1)));
  }

  @Override
  public Mono<List<InetAddress>> lookUp() {
    return Mono.<List<InetAddress>>create(
            sink -> {
              var _ =
                  resolver
                      .resolveAll(name)
                      .addListener(
                          answer -> {
                            if (answer.isSuccess()) {
                              @SuppressWarnings("unchecked")
                              List<InetAddress> found = (List<InetAddress>) answer.getNow();
                              sink.success(List.copyOf(found));
                            } else {
                              sink.error(answer.cause());
                            }
                          });
            })
        .onErrorResume(
            failure -> saysThatThereIsNone(failure) ? Mono.just(List.of()) : Mono.error(failure));
  }

  /** A Service without ready pods has no name. */
  private static boolean saysThatThereIsNone(Throwable failure) {
    return failure.getCause() instanceof DnsErrorCauseException answer
        && answer.getCode().equals(DnsResponseCode.NXDOMAIN);
  }

  @Override
  public void close() {
    resolver.close();
    var _ = loop.shutdownGracefully();
  }
}
