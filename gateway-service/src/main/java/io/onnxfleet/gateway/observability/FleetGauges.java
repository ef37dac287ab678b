package io.onnxfleet.gateway.observability;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.Tags;
import io.onnxfleet.gateway.admission.ByteBudget;
import io.onnxfleet.gateway.admission.ConcurrencyLimiter;
import io.onnxfleet.gateway.balancing.EjectedReplicas;
import io.onnxfleet.gateway.fleet.Fleet;
import io.onnxfleet.gateway.fleet.FleetWatch;
import io.onnxfleet.gateway.fleet.Replica;
import io.onnxfleet.gateway.load.InFlightRequests;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;
import org.springframework.stereotype.Component;

/** Gauges of the fleet as the gateway sees it; a replica's gauge lives as long as the replica. */
@Component
final class FleetGauges {

  private enum State {
    REGISTERED,
    VANISHED,
    LEFT_OUT
  }

  FleetGauges(
      MeterRegistry registry,
      FleetWatch watch,
      InFlightRequests inFlight,
      EjectedReplicas ejected,
      ConcurrencyLimiter limiter,
      ByteBudget keptBodies) {
    replicas(registry, State.REGISTERED, watch, w -> w.current().registered().size());
    replicas(registry, State.VANISHED, watch, w -> w.current().vanished().size());
    replicas(registry, State.LEFT_OUT, ejected, EjectedReplicas::count);
    Gauge.builder(GatewayMetricNames.ADMITTED, limiter, ConcurrencyLimiter::admitted)
        .description("requests admitted and not answered")
        .register(registry);
    Gauge.builder(GatewayMetricNames.KEPT_BODIES, keptBodies, ByteBudget::reserved)
        .description("request bodies that are kept to be sent again")
        .baseUnit("bytes")
        .register(registry);
    MultiGauge perReplica =
        MultiGauge.builder(GatewayMetricNames.REPLICA_IN_FLIGHT)
            .description("requests of this gateway under way at the replica")
            .register(registry);
    watch.onChange(fleet -> perReplica.register(rows(fleet, inFlight), true));
  }

  private static List<MultiGauge.Row<?>> rows(Fleet fleet, InFlightRequests inFlight) {
    List<MultiGauge.Row<?>> rows = new ArrayList<>();
    for (Replica replica : fleet.registered()) {
      String id = replica.id();
      rows.add(
          MultiGauge.Row.of(
              Tags.of(GatewayMetricNames.TAG_REPLICA, id), inFlight, all -> all.count(id)));
    }
    return rows;
  }

  private static <T> void replicas(
      MeterRegistry registry, State state, T source, ToDoubleFunction<T> count) {
    Gauge.builder(GatewayMetricNames.REPLICAS, source, count)
        .description("replicas as the gateway sees them")
        .tag(GatewayMetricNames.TAG_STATE, state.name().toLowerCase(Locale.ROOT))
        .register(registry);
  }
}
