package io.onnxfleet.gateway.forwarding;

import io.netty.util.Timer;
import io.onnxfleet.gateway.balancing.EjectedReplicas;
import io.onnxfleet.gateway.balancing.ReplicaLoadBalancer;
import io.onnxfleet.gateway.balancing.SlowOutliers;
import io.onnxfleet.gateway.body.RequestBody;
import io.onnxfleet.gateway.call.Call;
import io.onnxfleet.gateway.fleet.Fleet;
import io.onnxfleet.gateway.fleet.ModelReference;
import io.onnxfleet.gateway.fleet.Replica;
import io.onnxfleet.gateway.load.InFlightRequests;
import io.onnxfleet.gateway.load.ReplicaLoads;
import io.onnxfleet.gateway.observability.GatewayMetrics;
import io.onnxfleet.gateway.routing.RoutingProperties;
import io.onnxfleet.gateway.suspect.Suspects;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import reactor.core.publisher.Mono;

/**
 * Brings a request to a replica that has its model READY, and to another one where the first fails
 * before it answered, or is not heard of.
 *
 * <p>Guarantees:
 *
 * <ul>
 *   <li>A request is tried again only while the client has heard nothing, and only if its body is
 *       kept or nothing of it went out.
 *   <li>A replica has the request once at a time, and is asked at most once, with two exceptions:
 *       one whose used connection turned out to be closed may be asked again when there is no
 *       other, and so may one that was given up for an answer which then broke off.
 *   <li>A request to run a model that a replica broke off, or says nothing to, goes on to at most
 *       one other, and only if {@link Suspects} speak for it.
 *   <li>Tries that cost replicas work stay within the {@link RetryBudget}. A replica's refusal for
 *       want of room is kept from the client at most once, and only while another has room.
 *   <li>Of two replicas that are asked at once, one answers; the other's connection is closed, on
 *       which it drops the request. One that has no room is not the one that answers, unless the
 *       other is ejected.
 *   <li>A replica's in-flight count falls by one when its try ends: answered, failed or cancelled.
 *   <li>The tries end with the deadline; the client then gets 504 and the replica a closed
 *       connection.
 * </ul>
 *
 * <p>Safe for use by many threads; never blocks.
 *
 * @param fleet what the registry says now
 * @param life whether a replica answers at all
 * @param timer ends waits for silent replicas
 */
record Forwarding(
    Supplier<Fleet> fleet,
    ReplicaLoadBalancer balancer,
    ReplicaClient replicas,
    InFlightRequests inFlight,
    ReplicaLoads loads,
    EjectedReplicas ejected,
    SlowOutliers outliers,
    RetryBudget budget,
    HedgingDelay delay,
    Suspects suspects,
    Function<Replica, Mono<Boolean>> life,
    Timer timer,
    GatewayMetrics metrics,
    RoutingProperties properties,
    LongSupplier nanoClock) {

  /** Forwards when subscribed to; completes when the client has the whole answer. */
  Mono<Void> forward(Call call, ModelReference model, RequestBody body) {
    return Mono.create(sink -> new ForwardedCall(this, call, model, body, sink).begin());
  }
}
