package io.onnxfleet.jobs.network;

import java.net.InetAddress;

/**
 * A network as a setting names it, {@code 10.0.0.0/8} or {@code fd00::/8}; an address without bits
 * is one of its own. Immutable.
 */
public final class Network {
  private final byte[] prefix;
  private final int bits;
  private final String text;

  private Network(byte[] prefix, int bits, String text) {
    this.prefix = prefix;
    this.bits = bits;
    this.text = text;
  }

  /**
   * Reads one.
   *
   * @param key of the setting, for the message
   * @throws IllegalArgumentException if it is none
   */
  public static Network parse(String key, String text) {
    int slash = text.indexOf('/');
    String address = slash < 0 ? text : text.substring(0, slash);
    try {
      // The JDK also reads 10 and 10.1, as 0.0.0.10 and 10.0.0.1.
      if (address.indexOf(':') >= 0 || address.matches("\\d+(\\.\\d+){3}")) {
        byte[] prefix = InetAddress.ofLiteral(address).getAddress();
        int most = prefix.length * Byte.SIZE;
        int bits = slash < 0 ? most : Integer.parseInt(text.substring(slash + 1));
        if (bits >= 0 && bits <= most) {
          return new Network(prefix, bits, text);
        }
      }
    } catch (IllegalArgumentException noAddress) {
      throw new IllegalArgumentException(complaint(key, text), noAddress);
    }
    throw new IllegalArgumentException(complaint(key, text));
  }

  private static String complaint(String key, String text) {
    return "%s: '%s' (expected: an address and its bits, e.g. 10.0.0.0/8)".formatted(key, text);
  }

  /** Whether the address is in it. */
  public boolean contains(InetAddress address) {
    byte[] asked = address.getAddress();
    if (asked.length != prefix.length) {
      return false;
    }
    for (int bit = 0; bit < bits; bit += Byte.SIZE) {
      int at = bit / Byte.SIZE;
      int mask = 0xff << Math.max(0, Byte.SIZE - (bits - bit));
      if (((asked[at] ^ prefix[at]) & mask & 0xff) != 0) {
        return false;
      }
    }
    return true;
  }

  @Override
  public String toString() {
    return text;
  }
}
