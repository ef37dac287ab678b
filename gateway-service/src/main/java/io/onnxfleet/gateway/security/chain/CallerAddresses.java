package io.onnxfleet.gateway.security.chain;

import io.onnxfleet.gateway.network.Networks;
import io.onnxfleet.gateway.security.CallerOrigin;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import org.springframework.http.server.reactive.ServerHttpRequest;
import org.springframework.http.server.reactive.ServerHttpRequestDecorator;
import org.springframework.http.support.Netty4HeadersAdapter;
import reactor.netty.http.server.HttpServerRequest;

/**
 * Where a request comes from: the peer of its connection or, where that is a trusted proxy, the
 * last address in {@code X-Forwarded-For} that is not one. Of IPv6 the first 64 bits tell callers
 * apart, since one caller has all that begin so. Stateless.
 */
final class CallerAddresses {

  static final String FORWARDED_FOR = "X-Forwarded-For";
  private static final String UNKNOWN = "unknown";
  private static final int MOST_HOPS = 32;
  private static final int NETWORK_BYTES = 8;

  private final Networks proxies;

  CallerAddresses(Networks proxies) {
    this.proxies = proxies;
  }

  /** Where a caller is, and who says so. */
  record Origin(String caller, boolean isToldByProxy) {}

  /** The same, for those who may not need it. */
  CallerOrigin originOf(ServerHttpRequest request) {
    return new CallerOrigin() {
      @Override
      public String peer() {
        return CallerAddresses.peer(request);
      }

      @Override
      public String address() {
        return of(request).caller();
      }
    };
  }

  /**
   * By the headers as they came: where the framework takes forwarded ones for the request's own, it
   * removes them.
   */
  Origin of(ServerHttpRequest request) {
    HttpServerRequest received = ServerHttpRequestDecorator.getNativeRequest(request);
    return of(
        peerAddress(request), new HttpHeaders(new Netty4HeadersAdapter(received.requestHeaders())));
  }

  Origin of(@Nullable InetAddress peer, HttpHeaders headers) {
    if (peer == null) {
      return new Origin(UNKNOWN, false);
    }
    if (proxies.isEmpty() || !proxies.contains(peer)) {
      return new Origin(text(peer), false);
    }
    return new Origin(text(forwarded(headers, peer)), true);
  }

  /** The last hop that is nobody's whom we trust; a hop that cannot be read ends the search. */
  private InetAddress forwarded(HttpHeaders headers, InetAddress peer) {
    List<String> forwarded = headers.getOrEmpty(FORWARDED_FOR);
    InetAddress last = peer;
    int hops = 0;
    for (int line = forwarded.size() - 1; line >= 0; line--) {
      String[] parts = forwarded.get(line).split(",", -1);
      for (int i = parts.length - 1; i >= 0; i--) {
        InetAddress hop = address(parts[i].strip());
        if (hop == null || ++hops > MOST_HOPS) {
          return last;
        }
        last = hop;
        if (!proxies.contains(hop)) {
          return hop;
        }
      }
    }
    return last;
  }

  /** {@code 1.2.3.4}, {@code 1.2.3.4:5}, {@code ::1} or {@code [::1]:5}. */
  private static @Nullable InetAddress address(String hop) {
    String host = hop;
    if (hop.startsWith("[")) {
      int end = hop.indexOf(']');
      host = end < 0 ? "" : hop.substring(1, end);
    } else if (hop.indexOf(':') >= 0 && hop.indexOf(':') == hop.lastIndexOf(':')) {
      host = hop.substring(0, hop.indexOf(':'));
    }
    return Networks.address(host);
  }

  /** The address of the connection, whatever headers say. */
  private static String peer(ServerHttpRequest request) {
    InetAddress peer = peerAddress(request);
    return peer == null ? UNKNOWN : peer.getHostAddress();
  }

  /** This end of the connection, whatever headers say. */
  static @Nullable InetSocketAddress localAddress(ServerHttpRequest request) {
    HttpServerRequest received = ServerHttpRequestDecorator.getNativeRequest(request);
    return received.connectionHostAddress() instanceof InetSocketAddress local ? local : null;
  }

  static @Nullable InetAddress peerAddress(ServerHttpRequest request) {
    HttpServerRequest received = ServerHttpRequestDecorator.getNativeRequest(request);
    return received.connectionRemoteAddress() instanceof InetSocketAddress remote
        ? remote.getAddress()
        : null;
  }

  private static String text(InetAddress address) {
    if (address instanceof Inet6Address && !address.isLoopbackAddress()) {
      byte[] network = address.getAddress();
      Arrays.fill(network, NETWORK_BYTES, network.length, (byte) 0);
      try {
        return InetAddress.getByAddress(network).getHostAddress() + "/64";
      } catch (java.net.UnknownHostException impossible) {
        throw new IllegalStateException("16 bytes are an address", impossible);
      }
    }
    return address.getHostAddress();
  }
}
