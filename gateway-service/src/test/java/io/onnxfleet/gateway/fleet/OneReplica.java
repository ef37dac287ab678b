package io.onnxfleet.gateway.fleet;

import java.util.List;
import java.util.Map;
import org.springframework.cloud.client.DefaultServiceInstance;

/** Fleets of one replica for tests. */
public final class OneReplica {

  private OneReplica() {}

  /** A fleet whose replica tells that of itself. */
  public static Fleet with(Map<String, String> metadata) {
    return new Fleet(
        List.of(
            Replica.of(
                new DefaultServiceInstance(
                    "r", "inference-service", "127.0.0.1", 1, false, metadata))),
        List.of());
  }
}
