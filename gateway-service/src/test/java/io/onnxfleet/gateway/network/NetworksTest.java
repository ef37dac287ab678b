package io.onnxfleet.gateway.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.InetAddress;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class NetworksTest {

  private final Networks networks =
      new Networks(
          "some.key", List.of("10.0.0.0/8", "192.168.7.0/24", "fc00::/7", "192.0.2.1", "::1"));

  @ParameterizedTest
  @ValueSource(
      strings = {
        "10.1.2.3",
        "192.168.7.255",
        "fd12::1",
        "[fd12::1]",
        "::ffff:10.0.0.1",
        "192.0.2.1",
        "0:0:0:0:0:0:0:1"
      })
  void addressesInside_areIn(String host) {
    assertThat(networks.contains(host)).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "11.0.0.1",
        "192.168.8.1",
        "169.254.169.254",
        "2001:db8::1",
        "replica",
        "10.0.0.1.evil.example",
        "",
        "::ffff:8.8.8.8",
        "10.0.0.1:80",
        "0x0a000001",
        "10",
        "10.1",
        "192.0.2.2",
        "::2"
      })
  void othersAndNames_areOut(String host) {
    assertThat(networks.contains(host)).isFalse();
  }

  @Test
  void bits_areCountedAcrossBytes_andNoneHoldsAll() {
    Networks twelve = new Networks("some.key", List.of("10.16.0.0/12"));
    assertThat(twelve.contains(InetAddress.ofLiteral("10.31.255.255"))).isTrue();
    assertThat(twelve.contains(InetAddress.ofLiteral("10.32.0.0"))).isFalse();
    assertThat(twelve.contains(InetAddress.ofLiteral("::1"))).isFalse();
    assertThat(new Networks("some.key", List.of("0.0.0.0/0")).contains("1.2.3.4")).isTrue();
    assertThat(new Networks("some.key", List.of("::/0")).contains("2001:db8::1")).isTrue();
    assertThat(new Networks("some.key", List.of()).isEmpty()).isTrue();
    assertThat(twelve.isEmpty()).isFalse();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "/8",
        "10.0.0.0/",
        "10.0.0.0/33",
        "10.0.0.0/-1",
        "10.0.0.0/+8",
        "10.0.0.0/8/8",
        "10.0.0.0/x",
        "10/8",
        "10.1",
        "name/8",
        "a/b",
        "proxy.example",
        "::/129"
      })
  void malformed_isRefusedWithItsKeyAndValue(String network) {
    assertThatThrownBy(() -> new Networks("some.key", List.of("10.0.0.0/8", network)))
        .hasMessageStartingWith("some.key: '" + network + "' (expected: ");
  }
}
