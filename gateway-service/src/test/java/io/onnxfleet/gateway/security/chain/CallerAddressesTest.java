package io.onnxfleet.gateway.security.chain;

import static org.assertj.core.api.Assertions.assertThat;

import io.onnxfleet.gateway.network.Networks;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.springframework.http.HttpHeaders;

class CallerAddressesTest {

  private static final String PROXY = "10.1.2.3";

  private final CallerAddresses addresses =
      new CallerAddresses(new Networks("some.key", List.of("10.0.0.0/8", "fd00::/8")));

  @Test
  void caller_isThePeer_whateverItsHeadersSay() {
    assertThat(caller("192.0.2.7", "203.0.113.1")).isEqualTo("192.0.2.7");
    assertThat(addresses.of(address("192.0.2.7"), headers("203.0.113.1")).isToldByProxy())
        .isFalse();
  }

  @Test
  void caller_isTheLastHopThatIsNoProxy_whenATrustedProxyTells() {
    assertThat(caller(PROXY, "203.0.113.1")).isEqualTo("203.0.113.1");
    // What stands further left is the caller's own claim.
    assertThat(caller(PROXY, "198.51.100.1, 203.0.113.1, 10.9.9.9")).isEqualTo("203.0.113.1");
    assertThat(caller(PROXY, "198.51.100.1", "203.0.113.1:4711")).isEqualTo("203.0.113.1");
    assertThat(caller("fd00::1", "[2001:db8:1:2:3::4]:80")).isEqualTo("2001:db8:1:2:0:0:0:0/64");
    assertThat(caller(PROXY)).isEqualTo(PROXY);
    assertThat(caller(PROXY, "203.0.113.1, unknown")).isEqualTo(PROXY);
    assertThat(caller(PROXY, "localhost")).isEqualTo(PROXY);
    assertThat(caller(PROXY, "10.1.1.1, 10.2.2.2")).isEqualTo("10.1.1.1");
  }

  @Test
  void callers_ofOneIpv6Network_areOne() {
    assertThat(caller("2001:db8:1:2::1")).isEqualTo(caller("2001:db8:1:2:ffff::9"));
    assertThat(caller("2001:db8:1:3::1")).isNotEqualTo(caller("2001:db8:1:2::1"));
    assertThat(caller("::ffff:192.0.2.7")).isEqualTo("192.0.2.7");
  }

  private String caller(String peer, String... forwarded) {
    return addresses.of(address(peer), headers(forwarded)).caller();
  }

  private static HttpHeaders headers(String... forwarded) {
    HttpHeaders headers = new HttpHeaders();
    for (String value : forwarded) {
      headers.add(CallerAddresses.FORWARDED_FOR, value);
    }
    return headers;
  }

  private static InetAddress address(String text) {
    try {
      return InetAddress.getByName(text);
    } catch (UnknownHostException impossible) {
      throw new AssertionError(impossible);
    }
  }
}
