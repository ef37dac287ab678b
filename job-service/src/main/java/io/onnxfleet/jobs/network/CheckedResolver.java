package io.onnxfleet.jobs.network;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Arrays;
import org.apache.hc.client5.http.DnsResolver;

/**
 * Looks a host up for one connection, and hands out only addresses that a policy allows. The client
 * connects to what it gets from here and asks nobody else, so that a name which means something
 * else a moment later leads nowhere. TLS and {@code Host} have the name. Thread-safe.
 */
public final class CheckedResolver implements DnsResolver {

  /** How hosts are looked up; {@link InetAddress#getAllByName} outside of tests. */
  public interface Lookup {
    InetAddress[] find(String host) throws UnknownHostException;
  }

  private final Lookup lookup;
  private final AddressPolicy policy;
  private final String key;

  /**
   * Resolves by a policy.
   *
   * @param key of the setting that allows more, for messages
   */
  public CheckedResolver(Lookup lookup, AddressPolicy policy, String key) {
    this.lookup = lookup;
    this.policy = policy;
    this.key = key;
  }

  /**
   * The addresses that may be connected to, at least one.
   *
   * @throws UnknownHostException if there is none; the message says which were found
   */
  @Override
  public InetAddress[] resolve(String host) throws UnknownHostException {
    InetAddress[] found = lookup.find(host);
    InetAddress[] allowed = Arrays.stream(found).filter(policy::allows).toArray(InetAddress[]::new);
    if (allowed.length == 0) {
      throw new UnknownHostException(
          "%s is %s (expected: a public address, or one in %s)"
              .formatted(
                  host, Arrays.stream(found).map(InetAddress::getHostAddress).toList(), key));
    }
    return allowed;
  }

  @Override
  public String resolveCanonicalHostname(String host) {
    return host;
  }
}
