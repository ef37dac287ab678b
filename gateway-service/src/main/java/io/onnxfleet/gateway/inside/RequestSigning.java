package io.onnxfleet.gateway.inside;

import io.netty.handler.codec.http.HttpHeaders;
import io.onnxfleet.contract.api.HeaderNames;
import io.onnxfleet.contract.fleet.FleetSecret;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import reactor.netty.http.client.HttpClient;
import reactor.netty.http.client.HttpClientRequest;

/**
 * Signs every request that a client of replicas sends, whoever sends it: inference, probes,
 * questions. Immutable and thread-safe.
 */
final class RequestSigning {

  private final @Nullable FleetSecret secret;
  private final LongSupplier millisClock;

  RequestSigning(@Nullable FleetSecret secret, LongSupplier millisClock) {
    this.secret = secret;
    this.millisClock = millisClock;
  }

  /** The client, signing; the same one where the fleet has no secret. */
  HttpClient on(HttpClient client) {
    FleetSecret known = secret;
    return known == null ? client : client.doOnRequest((request, to) -> sign(known, request));
  }

  private void sign(FleetSecret known, HttpClientRequest request) {
    sign(
        known,
        request.requestHeaders(),
        request.method().name(),
        authority(request.resourceUrl()),
        request.uri());
  }

  boolean hasSecret() {
    return secret != null;
  }

  /** Signs one request; does nothing where the fleet has no secret. */
  void sign(HttpHeaders headers, String method, String authority, String uri) {
    FleetSecret known = secret;
    if (known != null) {
      sign(known, headers, method, authority, uri);
    }
  }

  private void sign(
      FleetSecret known, HttpHeaders headers, String method, String authority, String uri) {
    headers.set(
        HeaderNames.SIGNATURE,
        known.sign(
            method, authority, uri, headers.get(HeaderNames.OWNER), millisClock.getAsLong()));
  }

  /** Host and port of {@code http://host:port/path}; the scheme's own port is often left out. */
  static String authority(@Nullable String url) {
    if (url == null) {
      return "";
    }
    int from = url.indexOf("//") + 2;
    int to = url.indexOf('/', from);
    String authority = url.substring(from, to < 0 ? url.length() : to);
    boolean hasPort = authority.lastIndexOf(':') > authority.lastIndexOf(']');
    return hasPort ? authority : authority + (url.startsWith("https:") ? ":443" : ":80");
  }
}
