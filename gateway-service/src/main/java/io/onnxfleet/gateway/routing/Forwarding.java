package io.onnxfleet.gateway.routing;

import io.onnxfleet.gateway.balancing.InFlightRequests;
import io.onnxfleet.gateway.balancing.LeftOutReplicas;
import io.onnxfleet.gateway.balancing.ReplicaRequest;
import io.onnxfleet.gateway.failure.ErrorCode;
import io.onnxfleet.gateway.failure.GatewayException;
import io.onnxfleet.gateway.fleet.ModelReference;
import io.onnxfleet.gateway.fleet.Replica;
import io.onnxfleet.gateway.observability.GatewayMetrics;
import io.onnxfleet.gateway.observability.RequestTrace;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.cloud.client.ServiceInstance;
import org.springframework.cloud.client.loadbalancer.DefaultRequest;
import org.springframework.cloud.loadbalancer.core.ReactorServiceInstanceLoadBalancer;
import org.springframework.web.server.ServerWebExchange;
import reactor.core.publisher.Mono;

/**
 * Brings a request to a replica that has its model READY, and to another one where the first fails
 * before it answered.
 *
 * <p>Guarantees:
 *
 * <ul>
 *   <li>A request is tried again only while the client has heard nothing, and only if its body is
 *       kept or nothing of it went out.
 *   <li>A replica is asked at most once, except that one whose used connection turned out to be
 *       closed may be asked again when there is no other.
 *   <li>A replica's in-flight count falls by one when its try ends: answered, failed or cancelled.
 *   <li>The tries end with the deadline; the client then gets 504 and the replica a closed
 *       connection.
 * </ul>
 *
 * <p>Safe for use by many threads; never blocks.
 */
final class Forwarding {

  private static final Logger LOGGER = LoggerFactory.getLogger(Forwarding.class);

  private final ReactorServiceInstanceLoadBalancer balancer;
  private final ReplicaClient replicas;
  private final InFlightRequests inFlight;
  private final LeftOutReplicas leftOut;
  private final GatewayMetrics metrics;
  private final RoutingProperties properties;
  private final LongSupplier nanoClock;

  Forwarding(
      ReactorServiceInstanceLoadBalancer balancer,
      ReplicaClient replicas,
      InFlightRequests inFlight,
      LeftOutReplicas leftOut,
      GatewayMetrics metrics,
      RoutingProperties properties,
      LongSupplier nanoClock) {
    this.balancer = balancer;
    this.replicas = replicas;
    this.inFlight = inFlight;
    this.leftOut = leftOut;
    this.metrics = metrics;
    this.properties = properties;
    this.nanoClock = nanoClock;
  }

  /** Forwards when subscribed to; completes when the client has the whole answer. */
  Mono<Void> forward(
      ServerWebExchange exchange, ModelReference model, RequestBody body, Deadline deadline) {
    return Mono.defer(() -> new Course(exchange, model, body, deadline).next());
  }

  /** The tries of one request, one after another. */
  private final class Course {

    private final ServerWebExchange exchange;
    private final ModelReference model;
    private final RequestBody body;
    private final Deadline deadline;
    private final Set<String> tried = new HashSet<>();
    private int tries;
    private @Nullable String stale;
    private @Nullable ReplicaFailure last;

    Course(ServerWebExchange exchange, ModelReference model, RequestBody body, Deadline deadline) {
      this.exchange = exchange;
      this.model = model;
      this.body = body;
      this.deadline = deadline;
    }

    Mono<Void> next() {
      return choose()
          .flatMap(replica -> ask(replica).onErrorResume(ReplicaFailure.class, this::after));
    }

    private Mono<Replica> choose() {
      if (stale == null) {
        return choose(tried).switchIfEmpty(Mono.error(this::exhausted));
      }
      Set<String> others = new HashSet<>(tried);
      others.add(stale);
      return choose(others).switchIfEmpty(choose(tried)).switchIfEmpty(Mono.error(this::exhausted));
    }

    private Mono<Replica> choose(Set<String> excluded) {
      return Mono.defer(
              () -> balancer.choose(new DefaultRequest<>(new ReplicaRequest(model, excluded))))
          .flatMap(
              response -> {
                ServiceInstance chosen = response.getServer();
                return chosen instanceof Replica replica ? Mono.just(replica) : Mono.empty();
              });
    }

    private Mono<Void> ask(Replica replica) {
      Duration remaining = deadline.remaining(nanoClock.getAsLong());
      if (remaining.isZero()) {
        return Mono.error(RoutingFilter.expired());
      }
      tries++;
      RequestTrace.of(exchange).tried(replica.id(), tries);
      long start = nanoClock.getAsLong();
      // The lease is closed before the end is told, so that a next try finds the count right.
      return Mono.using(
              () -> inFlight.begin(replica.id()),
              lease -> replicas.send(replica, exchange, body, remaining),
              InFlightRequests.Lease::close)
          .doOnSuccess(nothing -> leftOut.answered(replica.id()))
          .doOnTerminate(() -> metrics.tryEnded(model.name(), nanoClock.getAsLong() - start))
          .doOnError(ReplicaFailure.class, failure -> failed(replica, failure));
    }

    private void failed(Replica replica, ReplicaFailure failure) {
      last = failure;
      switch (failure.reason()) {
        case REFUSED, RESET, DRAINING -> {
          tried.add(replica.id());
          leftOut.leaveOut(replica.id());
        }
        case SATURATED -> tried.add(replica.id());
        case STALE -> {
          if (stale != null) {
            tried.add(replica.id());
            leftOut.leaveOut(replica.id());
          }
          stale = replica.id();
        }
      }
      RequestTrace trace = RequestTrace.of(exchange);
      LOGGER.warn(
          "try {} for model {} failed, {}: {} (request={})",
          tries,
          model,
          failure.reason().tag(),
          failure.getMessage(),
          trace.requestId());
    }

    private Mono<Void> after(ReplicaFailure failure) {
      boolean sendable = body.isReplayable() || failure.reason().leftBodyUntouched();
      if (!sendable || tries >= properties.maxTries()) {
        return Mono.error(exhausted());
      }
      metrics.retried(failure.reason().tag());
      if (tries < 2) {
        return Mono.defer(this::next);
      }
      Duration pause = properties.retryBackoff().multipliedBy(1L << Math.min(tries - 2, 10));
      return pause.isZero()
          ? Mono.defer(this::next)
          : Mono.delay(pause).then(Mono.defer(this::next));
    }

    private GatewayException exhausted() {
      ReplicaFailure failure = last;
      if (failure == null) {
        return new GatewayException(
            ErrorCode.MODEL_NOT_READY, "model '" + model + "' is not ready on any replica");
      }
      if (failure.reason() == ReplicaFailure.Reason.SATURATED) {
        return new GatewayException(
            ErrorCode.REPLICAS_SATURATED,
            "every connection to the replicas of model '" + model + "' is in use");
      }
      return new GatewayException(
          ErrorCode.NO_REPLICA,
          "model '%s': no replica answered in %d %s"
              .formatted(model, tries, tries == 1 ? "try" : "tries"));
    }
  }
}
