package io.onnxfleet.gateway.balancing;

import io.onnxfleet.gateway.fleet.Replica;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.springframework.cloud.client.DefaultServiceInstance;

/** Replicas for tests. */
public final class Replicas {

  private Replicas() {}

  /** One replica an id, all with the same models READY. */
  public static List<Replica> ready(String models, String... ids) {
    List<Replica> replicas = new ArrayList<>();
    for (String id : ids) {
      replicas.add(with(Map.of("models-ready", models), id));
    }
    return replicas;
  }

  /** One replica that tells the registry this. */
  public static Replica with(Map<String, String> metadata, String id) {
    return Replica.of(
        new DefaultServiceInstance(id, "inference-service", "127.0.0.1", 8081, false, metadata));
  }
}
