package io.onnxfleet.gateway.registry;

import java.net.InetAddress;
import java.util.List;
import reactor.core.publisher.Mono;

/** The replicas' addresses, looked up anew each time. */
interface ReplicasByName {

  /** None where the name has none; fails where nobody could say. */
  Mono<List<InetAddress>> lookUp();
}
