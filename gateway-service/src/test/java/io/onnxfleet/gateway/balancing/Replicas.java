package io.onnxfleet.gateway.balancing;

import io.onnxfleet.gateway.fleet.Replica;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.springframework.cloud.client.DefaultServiceInstance;

/** Replicas for tests. */
final class Replicas {

  private Replicas() {}

  /** One replica an id, all with the same models READY. */
  static List<Replica> ready(String models, String... ids) {
    List<Replica> replicas = new ArrayList<>();
    for (String id : ids) {
      replicas.add(
          Replica.of(
              new DefaultServiceInstance(
                  id,
                  "inference-service",
                  "127.0.0.1",
                  8081,
                  false,
                  Map.of("models-ready", models))));
    }
    return replicas;
  }
}
