package io.onnxfleet.jobs.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AddressPolicyTest {
  private static final AddressPolicy PUBLIC = new AddressPolicy(List.of());

  @ParameterizedTest
  @ValueSource(
      strings = {
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.1",
        "100.64.0.1",
        "100.127.255.255",
        "127.0.0.1",
        "127.255.255.255",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.1",
        "192.0.2.1",
        "192.168.1.1",
        "198.18.0.1",
        "198.19.255.255",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b:1::1",
        "100::1",
        "2001::1",
        "2001:db8::1",
        "2002:7f00:1::",
        "3fff::1",
        "5f00::1",
        "fc00::1",
        "fd12:3456::1",
        "fe80::1",
        "fec0::1",
        "ff02::1"
      })
  void notPublic_isRefused(String address) {
    assertThat(PUBLIC.allows(InetAddress.ofLiteral(address))).isFalse();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "1.1.1.1",
        "9.255.255.255",
        "11.0.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "172.15.255.255",
        "172.32.0.0",
        "192.167.255.255",
        "192.169.0.0",
        "198.17.255.255",
        "198.20.0.0",
        "223.255.255.255",
        "2001:4860:4860::8888",
        "2606:4700:4700::1111",
        "2a00:1450::1"
      })
  void publicOnes_areAllowed(String address) {
    assertThat(PUBLIC.allows(InetAddress.ofLiteral(address))).isTrue();
  }

  /** The JDK makes IPv4 of such an address wherever it can. Here it cannot. */
  @Test
  void mapped_isRefused_evenAsIpv6() throws UnknownHostException {
    byte[] mapped = new byte[16];
    mapped[10] = -1;
    mapped[11] = -1;
    mapped[12] = 8;
    mapped[13] = 8;
    mapped[14] = 8;
    mapped[15] = 8;
    InetAddress address = Inet6Address.getByAddress("mapped", mapped, -1);
    assertThat(address).isInstanceOf(Inet6Address.class);
    assertThat(PUBLIC.allows(address)).isFalse();
  }

  @Test
  void networks_ofTheSetting_areAllowedToo() {
    AddressPolicy policy =
        new AddressPolicy(
            List.of(
                Network.parse("key", "10.1.0.0/12"),
                Network.parse("key", "127.0.0.1"),
                Network.parse("key", "fd00::/9")));
    for (String inside : List.of("10.0.0.1", "10.15.255.255", "127.0.0.1", "fd7f::1", "1.1.1.1")) {
      assertThat(policy.allows(InetAddress.ofLiteral(inside))).as(inside).isTrue();
    }
    for (String outside : List.of("10.16.0.0", "127.0.0.2", "fd80::1", "::1")) {
      assertThat(policy.allows(InetAddress.ofLiteral(outside))).as(outside).isFalse();
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "10", "10.1/8", "10.0.0.0/33", "10.0.0.0/-1", "::/129", "host", "::x"})
  void network_isRefused_withTheKey(String text) {
    assertThatThrownBy(() -> Network.parse("some-key", text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("some-key: '" + text + "'")
        .hasMessageContaining("expected");
  }

  @Test
  void resolver_handsOutWhatIsAllowed_andLooksAnewEachTime() throws UnknownHostException {
    Queue<InetAddress[]> answers =
        new ArrayDeque<>(
            List.of(
                new InetAddress[] {
                  InetAddress.ofLiteral("10.0.0.1"), InetAddress.ofLiteral("1.1.1.1")
                },
                new InetAddress[] {InetAddress.ofLiteral("10.0.0.1")}));
    CheckedResolver resolver = new CheckedResolver(host -> answers.remove(), PUBLIC, "the-key");
    assertThat(resolver.resolve("hooks.test")).containsExactly(InetAddress.ofLiteral("1.1.1.1"));
    assertThatThrownBy(() -> resolver.resolve("hooks.test"))
        .isInstanceOf(UnknownHostException.class)
        .hasMessage("hooks.test is [10.0.0.1] (expected: a public address, or one in the-key)");
  }
}
