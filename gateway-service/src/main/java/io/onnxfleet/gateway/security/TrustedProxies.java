package io.onnxfleet.gateway.security;

import java.net.InetAddress;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The networks whose word about addresses is taken, as {@code 10.0.0.0/8}. Immutable. */
final class TrustedProxies {

  @SuppressWarnings("ArrayRecordComponent") // Never compared.
  private record Network(byte[] address, int prefix) {

    boolean contains(byte[] other) {
      if (other.length != address.length) {
        return false;
      }
      int whole = prefix / 8;
      for (int i = 0; i < whole; i++) {
        if (address[i] != other[i]) {
          return false;
        }
      }
      int rest = prefix % 8;
      return rest == 0 || ((address[whole] ^ other[whole]) & (0xff00 >> rest) & 0xff) == 0;
    }
  }

  private final List<Network> networks;

  TrustedProxies(List<String> networks) {
    this.networks = networks.stream().map(TrustedProxies::parse).toList();
  }

  private static Network parse(String text) {
    int slash = text.indexOf('/');
    String host = (slash < 0 ? text : text.substring(0, slash)).strip();
    @Nullable InetAddress address = parseAddress(host);
    int bits = address == null ? 0 : address.getAddress().length * 8;
    int prefix = bits;
    if (slash >= 0) {
      String digits = text.substring(slash + 1).strip();
      prefix = digits.matches("\\d{1,3}") ? Integer.parseInt(digits) : -1;
    }
    if (address == null || prefix < 0 || prefix > bits) {
      throw new IllegalArgumentException(
          "fleet.gateway.security.trusted-proxies: '%s' (expected: networks such as 10.0.0.0/8)"
              .formatted(text));
    }
    return new Network(address.getAddress(), prefix);
  }

  /**
   * An address that is written as such and in full; names are not looked up. The JDK also reads
   * {@code 10} and {@code 10.1}, as 0.0.0.10 and 10.0.0.1.
   */
  static @Nullable InetAddress parseAddress(String text) {
    if (text.indexOf(':') < 0 && text.chars().filter(character -> character == '.').count() != 3) {
      return null;
    }
    try {
      return InetAddress.ofLiteral(text);
    } catch (IllegalArgumentException noAddress) {
      return null;
    }
  }

  boolean isEmpty() {
    return networks.isEmpty();
  }

  boolean contains(InetAddress address) {
    byte[] bytes = address.getAddress();
    for (Network network : networks) {
      if (network.contains(bytes)) {
        return true;
      }
    }
    return false;
  }
}
