package io.onnxfleet.gateway;

import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.springframework.cloud.client.DefaultServiceInstance;
import org.springframework.cloud.client.ServiceInstance;
import org.springframework.cloud.client.discovery.DiscoveryClient;

/** A registry that lists what a test put in. */
final class FakeRegistry implements DiscoveryClient {

  static final String SERVICE = "inference-service";

  private final List<ServiceInstance> instances = new CopyOnWriteArrayList<>();
  private volatile boolean failing;

  void register(String id, int port, Map<String, String> metadata) {
    leave(id);
    instances.add(new DefaultServiceInstance(id, SERVICE, "127.0.0.1", port, false, metadata));
  }

  /** Registers something that is no replica. */
  void registerAs(String service, String id, int port) {
    leave(id);
    instances.add(new DefaultServiceInstance(id, service, "127.0.0.1", port, false, Map.of()));
  }

  void leave(String id) {
    instances.removeIf(instance -> id.equals(instance.getInstanceId()));
  }

  void clear() {
    instances.clear();
  }

  void fail(boolean fails) {
    failing = fails;
  }

  @Override
  public String description() {
    return "a test's registry";
  }

  @Override
  public List<ServiceInstance> getInstances(String serviceId) {
    if (failing) {
      throw new IllegalStateException("the registry is gone");
    }
    return instances.stream()
        .filter(instance -> instance.getServiceId().equals(serviceId))
        .toList();
  }

  @Override
  public List<String> getServices() {
    return List.of(SERVICE);
  }
}
