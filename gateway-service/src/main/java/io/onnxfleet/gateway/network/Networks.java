package io.onnxfleet.gateway.network;

import io.netty.handler.ipfilter.IpFilterRuleType;
import io.netty.handler.ipfilter.IpSubnetFilterRule;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Networks as a setting names them, {@code 10.0.0.0/8}; an address without bits is one of its own.
 * Names are in none, and are not looked up: what they mean may change after the look. Immutable.
 */
public final class Networks {

  private final List<String> texts;
  private final List<IpSubnetFilterRule> rules;

  /**
   * Reads them.
   *
   * @param key of the setting, for messages
   * @throws IllegalArgumentException if one is none
   */
  public Networks(String key, List<String> networks) {
    this.texts = List.copyOf(networks);
    this.rules = networks.stream().map(network -> rule(key, network)).toList();
  }

  private static IpSubnetFilterRule rule(String key, String network) {
    int slash = network.indexOf('/');
    InetAddress address = address(slash < 0 ? network : network.substring(0, slash));
    int most = address == null ? 0 : address.getAddress().length * Byte.SIZE;
    int bits = slash < 0 ? most : bits(network.substring(slash + 1));
    if (address == null || bits < 0 || bits > most) {
      throw new IllegalArgumentException(
          "%s: '%s' (expected: an address and its bits, e.g. 10.0.0.0/8)".formatted(key, network));
    }
    return new IpSubnetFilterRule(address, bits, IpFilterRuleType.ACCEPT);
  }

  private static int bits(String digits) {
    return digits.matches("\\d{1,3}") ? Integer.parseInt(digits) : -1;
  }

  /** Whether there are none. */
  public boolean isEmpty() {
    return rules.isEmpty();
  }

  /** Whether the address is in one of them. */
  public boolean contains(InetAddress address) {
    InetSocketAddress asked = new InetSocketAddress(address, 0);
    for (IpSubnetFilterRule rule : rules) {
      if (rule.matches(asked)) {
        return true;
      }
    }
    return false;
  }

  /** Whether the host, in brackets or not, is an address in one of them. */
  public boolean contains(String host) {
    InetAddress address =
        address(
            host.startsWith("[") && host.endsWith("]")
                ? host.substring(1, host.length() - 1)
                : host);
    return address != null && contains(address);
  }

  /**
   * An address that is written as such and in full, or null. The JDK also reads {@code 10} and
   * {@code 10.1}, as 0.0.0.10 and 10.0.0.1.
   */
  public static @Nullable InetAddress address(String text) {
    if (text.indexOf(':') < 0 && text.chars().filter(character -> character == '.').count() != 3) {
      return null;
    }
    try {
      return InetAddress.ofLiteral(text);
    } catch (IllegalArgumentException noAddress) {
      return null;
    }
  }

  @Override
  public String toString() {
    return texts.toString();
  }
}
