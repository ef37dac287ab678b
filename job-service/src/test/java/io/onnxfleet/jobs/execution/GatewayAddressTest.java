package io.onnxfleet.jobs.execution;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.springframework.cloud.client.DefaultServiceInstance;
import org.springframework.cloud.client.ServiceInstance;
import org.springframework.cloud.client.discovery.DiscoveryClient;

class GatewayAddressTest {
  private final Registry registry = new Registry();
  private Instant now = Instant.EPOCH;

  private final GatewayAddress address =
      new GatewayAddress(registry, "gateway", "", new Random(1), () -> now);

  @Test
  void find_seesAChange_withinASecond_andAsksOnceMeanwhile() {
    registry.instances.add(gateway(1));
    for (int i = 0; i < 10; i++) {
      assertThat(address.find()).isEqualTo(URI.create("http://127.0.0.1:1"));
    }
    assertThat(registry.asked).isEqualTo(1);

    registry.instances.set(0, gateway(2));
    now = now.plusSeconds(1);
    assertThat(address.find()).isEqualTo(URI.create("http://127.0.0.1:2"));
    assertThat(registry.asked).isEqualTo(2);
  }

  @Test
  void find_asksEachTime_whileThereIsNone() {
    assertThat(address.find()).isNull();
    registry.instances.add(gateway(1));
    assertThat(address.find()).isEqualTo(URI.create("http://127.0.0.1:1"));
  }

  private static ServiceInstance gateway(int port) {
    return new DefaultServiceInstance("gateway-" + port, "gateway", "127.0.0.1", port, false);
  }

  private static final class Registry implements DiscoveryClient {
    private final List<ServiceInstance> instances = new ArrayList<>();
    private int asked;

    @Override
    public String description() {
      return "instances that a test sets";
    }

    @Override
    public List<ServiceInstance> getInstances(String service) {
      asked++;
      return instances;
    }

    @Override
    public List<String> getServices() {
      return List.of("gateway");
    }
  }
}
