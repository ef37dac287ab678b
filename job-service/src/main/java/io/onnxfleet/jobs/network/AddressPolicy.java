package io.onnxfleet.jobs.network;

import java.net.InetAddress;
import java.util.List;
import java.util.stream.Stream;

/**
 * Which addresses may be connected to: those of the public Internet, and those in networks that a
 * setting allows. Not public is what IANA's registries of special-purpose addresses say: loopback,
 * private, link-local, shared (CGNAT), multicast, documentation, and every form of IPv6 that stands
 * for another address (IPv4-mapped, NAT64, 6to4, Teredo). Immutable.
 */
public final class AddressPolicy {
  private static final List<Network> NOT_PUBLIC =
      Stream.of(
              "0.0.0.0/8",
              "10.0.0.0/8",
              "100.64.0.0/10",
              "127.0.0.0/8",
              "169.254.0.0/16",
              "172.16.0.0/12",
              "192.0.0.0/24",
              "192.0.2.0/24",
              "192.88.99.0/24",
              "192.168.0.0/16",
              "198.18.0.0/15",
              "198.51.100.0/24",
              "203.0.113.0/24",
              "224.0.0.0/3",
              "2001::/23",
              "2001:db8::/32",
              "2002::/16",
              "3fff::/20")
          .map(text -> Network.parse("not public", text))
          .toList();

  /** Of IPv6 nothing else is given to anybody yet. */
  private static final Network GLOBAL_UNICAST = Network.parse("global unicast", "2000::/3");

  private static final int IPV4_LENGTH = 4;

  private final List<Network> allowed;

  /**
   * Allows what is public.
   *
   * @param allowed which may be connected to as well
   */
  public AddressPolicy(List<Network> allowed) {
    this.allowed = List.copyOf(allowed);
  }

  /** Whether it may be connected to. */
  public boolean allows(InetAddress address) {
    return allowed.stream().anyMatch(network -> network.contains(address)) || isPublic(address);
  }

  private static boolean isPublic(InetAddress address) {
    return (address.getAddress().length == IPV4_LENGTH || GLOBAL_UNICAST.contains(address))
        && NOT_PUBLIC.stream().noneMatch(network -> network.contains(address));
  }
}
