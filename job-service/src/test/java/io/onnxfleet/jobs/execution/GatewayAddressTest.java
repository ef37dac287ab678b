package io.onnxfleet.jobs.execution;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.springframework.cloud.client.discovery.simple.InstanceProperties;
import org.springframework.cloud.client.discovery.simple.SimpleDiscoveryClient;
import org.springframework.cloud.client.discovery.simple.SimpleDiscoveryProperties;

class GatewayAddressTest {
  private final SimpleDiscoveryProperties known = new SimpleDiscoveryProperties();
  private Instant now = Instant.EPOCH;

  private final GatewayAddress address =
      new GatewayAddress(new SimpleDiscoveryClient(known), "gateway", "", new Random(1), () -> now);

  @Test
  void find_seesAChange_afterASecond_andAsksOnceMeanwhile() {
    gatewayAt(1);
    assertThat(address.find()).isEqualTo(URI.create("http://127.0.0.1:1"));

    gatewayAt(2);
    now = now.plusMillis(999);
    assertThat(address.find()).isEqualTo(URI.create("http://127.0.0.1:1"));
    now = now.plusMillis(1);
    assertThat(address.find()).isEqualTo(URI.create("http://127.0.0.1:2"));
  }

  @Test
  void find_asksEachTime_whileThereIsNone() {
    assertThat(address.find()).isNull();
    gatewayAt(1);
    assertThat(address.find()).isEqualTo(URI.create("http://127.0.0.1:1"));
  }

  private void gatewayAt(int port) {
    InstanceProperties gateway = new InstanceProperties();
    gateway.setServiceId("gateway");
    gateway.setUri(URI.create("http://127.0.0.1:" + port));
    known.setInstances(Map.of("gateway", List.of(gateway)));
  }
}
