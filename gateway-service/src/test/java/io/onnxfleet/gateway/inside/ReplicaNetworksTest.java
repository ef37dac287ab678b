package io.onnxfleet.gateway.inside;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ReplicaNetworksTest {

  private final ReplicaNetworks networks =
      new ReplicaNetworks(List.of("10.0.0.0/8", "192.168.7.0/24", "fc00::/7"));

  @ParameterizedTest
  @ValueSource(strings = {"10.1.2.3", "192.168.7.255", "fd12::1", "[fd12::1]", "::ffff:10.0.0.1"})
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
        "0x0a000001"
      })
  void othersAndNames_areOut(String host) {
    assertThat(networks.contains(host)).isFalse();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "10.0.0.0", "10.0.0.0/33", "10.0.0.0/-1", "10/8", "name/8", "a/b"})
  void malformed_isRefusedWithItsValue(String network) {
    assertThatThrownBy(() -> new ReplicaNetworks(List.of(network)))
        .hasMessageStartingWith("fleet.gateway.registry.networks: '" + network + "' (expected: ");
  }
}
