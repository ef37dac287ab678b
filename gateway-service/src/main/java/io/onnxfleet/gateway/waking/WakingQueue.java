package io.onnxfleet.gateway.waking;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.onnxfleet.contract.api.ErrorCode;
import io.onnxfleet.gateway.failure.GatewayException;
import io.onnxfleet.gateway.fleet.Fleet;
import io.onnxfleet.gateway.fleet.FleetWatch;
import java.util.concurrent.atomic.AtomicInteger;
import reactor.core.publisher.Mono;
import reactor.core.publisher.Sinks;
import reactor.core.scheduler.Schedulers;

/**
 * The requests that wait for the first replica of a fleet that has none.
 *
 * <p>Guarantees: a held request goes on once a replica is registered, or when its time is up,
 * whichever comes first; what then becomes of it is the caller's business. No request is held while
 * any replica is registered, or was a short while ago and has not left by itself. At most {@link
 * WakingProperties#maxHeld()} are held; one more is refused.
 *
 * <p>Its metrics are there from the start, also at zero load: an autoscaler that brings the first
 * replica can look nowhere else.
 *
 * <p>Safe for use by many threads; never blocks.
 */
public final class WakingQueue {

  /** Gauge: requests that wait for a first replica. */
  static final String HELD = "fleet.gateway.waking.held";

  /** Counter: requests that came while there was no replica, held or refused. */
  static final String ARRIVALS = "fleet.gateway.waking.arrivals";

  private final FleetWatch watch;
  private final WakingProperties properties;
  private final Counter arrivals;
  private final AtomicInteger held = new AtomicInteger();

  /** Ends the wait of all that took it; written by the watching thread alone. */
  private volatile Sinks.Empty<Void> dawn = Sinks.empty();

  WakingQueue(FleetWatch watch, WakingProperties properties, MeterRegistry registry) {
    this.watch = watch;
    this.properties = properties;
    this.arrivals =
        Counter.builder(ARRIVALS)
            .description("requests that came while there was no replica")
            .register(registry);
    Gauge.builder(HELD, held, AtomicInteger::get)
        .description("requests that wait for a first replica")
        .register(registry);
    watch.onChange(this::changed);
  }

  /** Whether a request would have to wait. */
  public boolean isAsleep() {
    return watch.current().isEmpty();
  }

  /**
   * Completes at once unless the fleet is asleep; else when it is awake, or when the time to hold a
   * request is up.
   *
   * <p>Fails with {@link ErrorCode#GATEWAY_OVERLOADED} if too many wait already.
   */
  public Mono<Void> awake() {
    return Mono.defer(
        () -> {
          if (!isAsleep()) {
            return Mono.empty();
          }
          arrivals.increment();
          if (properties.hold().isZero()) {
            return Mono.empty();
          }
          if (held.incrementAndGet() > properties.maxHeld()) {
            held.decrementAndGet();
            return Mono.error(
                new GatewayException(
                    ErrorCode.GATEWAY_OVERLOADED,
                    "%d requests wait for a first replica (expected: fewer)"
                        .formatted(properties.maxHeld())));
          }
          // INVARIANT: the fleet is looked at after the sink was taken, so that no dawn is missed.
          Mono<Void> next = dawn.asMono();
          Mono<Void> wait = isAsleep() ? next : Mono.empty();
          return wait.timeout(properties.hold(), Mono.empty())
              .publishOn(Schedulers.parallel())
              .doFinally(signal -> held.decrementAndGet());
        });
  }

  private void changed(Fleet fleet) {
    if (!fleet.registered().isEmpty()) {
      Sinks.Empty<Void> over = dawn;
      dawn = Sinks.empty();
      over.tryEmitEmpty();
    }
  }
}
