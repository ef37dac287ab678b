package io.onnxfleet.benchmarks.load;

import java.net.URI;
import java.util.Locale;

/** Where load goes: a server that speaks plain HTTP/1.1. */
public record Target(String host, int port) {
  private static final int DEFAULT_PORT = 80;

  /**
   * Reads an address.
   *
   * @throws IllegalArgumentException unless the address is {@code http://host[:port]}
   */
  public static Target of(URI address) {
    String scheme = address.getScheme();
    String host = address.getHost();
    if (scheme == null || !scheme.toLowerCase(Locale.ROOT).equals("http") || host == null) {
      throw new IllegalArgumentException("'" + address + "' (expected: http://host:port)");
    }
    return new Target(host, address.getPort() < 0 ? DEFAULT_PORT : address.getPort());
  }

  public URI uri() {
    return URI.create("http://" + this + "/");
  }

  @Override
  public String toString() {
    return host + ":" + port;
  }
}
