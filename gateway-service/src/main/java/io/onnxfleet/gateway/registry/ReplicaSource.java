package io.onnxfleet.gateway.registry;

import java.util.OptionalLong;
import java.util.function.Supplier;
import org.springframework.cloud.client.discovery.DiscoveryClient;

/**
 * Where this gateway learns of replicas: the registry, or DNS.
 *
 * @param client lists them
 * @param sinceAnswerMillis since it answered last; negative if it never did, empty where none is
 *     asked
 * @param address as log lines name it
 * @param end is run when the gateway ends
 */
record ReplicaSource(
    DiscoveryClient client, Supplier<OptionalLong> sinceAnswerMillis, String address, Runnable end)
    implements AutoCloseable {

  @Override
  public void close() {
    end.run();
  }
}
