package io.onnxfleet.gateway.inside;

import io.netty.handler.ipfilter.IpFilterRuleType;
import io.netty.handler.ipfilter.IpSubnetFilterRule;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;

/**
 * The networks in which replicas may be, so that a false entry of the registry leads no request out
 * of them. Names are in none: what they mean may change after the look. Immutable.
 */
public final class ReplicaNetworks {

  private final List<String> networks;
  private final List<IpSubnetFilterRule> rules;

  /**
   * Reads the networks.
   *
   * @param networks addresses, each with the number of bits that count
   * @throws IllegalArgumentException if one is none
   */
  public ReplicaNetworks(List<String> networks) {
    this.networks = List.copyOf(networks);
    this.rules = networks.stream().map(ReplicaNetworks::rule).toList();
  }

  private static IpSubnetFilterRule rule(String network) {
    int slash = network.indexOf('/');
    try {
      return new IpSubnetFilterRule(
          address(network.substring(0, Math.max(0, slash))),
          Integer.parseInt(network.substring(slash + 1)),
          IpFilterRuleType.ACCEPT);
    } catch (IllegalArgumentException malformed) {
      throw new IllegalArgumentException(
          "fleet.gateway.registry.networks: '"
              + network
              + "' (expected: an address and its bits, e.g. 10.0.0.0/8)",
          malformed);
    }
  }

  /** Whether the host is an address in one of the networks. */
  public boolean contains(String host) {
    String address =
        host.startsWith("[") && host.endsWith("]") ? host.substring(1, host.length() - 1) : host;
    try {
      InetSocketAddress asked = new InetSocketAddress(address(address), 0);
      return rules.stream().anyMatch(rule -> rule.matches(asked));
    } catch (IllegalArgumentException aName) {
      return false;
    }
  }

  /**
   * An address in full: the JDK also reads {@code 10} and {@code 10.1}, as 0.0.0.10 and 10.0.0.1.
   */
  private static InetAddress address(String text) {
    if (text.indexOf(':') < 0 && text.chars().filter(character -> character == '.').count() != 3) {
      throw new IllegalArgumentException("'" + text + "' (expected: four numbers, or IPv6)");
    }
    return InetAddress.ofLiteral(text);
  }

  @Override
  public String toString() {
    return networks.toString();
  }
}
