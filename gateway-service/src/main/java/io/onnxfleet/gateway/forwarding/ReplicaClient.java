package io.onnxfleet.gateway.forwarding;

import io.onnxfleet.gateway.body.RequestBody;
import io.onnxfleet.gateway.call.Call;
import io.onnxfleet.gateway.fleet.Replica;
import java.time.Duration;
import reactor.core.publisher.Mono;

/**
 * Sends a call to one replica and passes the answer on to the client. Cancelling ends the work at
 * the replica.
 *
 * <p>A try that ends before anything was said to the client fails with a {@link ReplicaFailure},
 * which says what may be done next; the client's own failures pass through unchanged.
 */
interface ReplicaClient {

  /**
   * Sends once, when subscribed to.
   *
   * @param remaining what is left of the deadline
   */
  Mono<Void> send(
      Replica replica, Call call, RequestBody body, Duration remaining, AnswerGate gate);
}
