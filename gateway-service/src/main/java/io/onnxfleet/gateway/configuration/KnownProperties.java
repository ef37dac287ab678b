package io.onnxfleet.gateway.configuration;

import io.onnxfleet.gateway.admission.AdmissionProperties;
import io.onnxfleet.gateway.admission.ConnectionProperties;
import io.onnxfleet.gateway.admission.LimitProperties;
import io.onnxfleet.gateway.aggregate.AdministrationProperties;
import io.onnxfleet.gateway.aggregate.AggregateProperties;
import io.onnxfleet.gateway.balancing.BalancingProperties;
import io.onnxfleet.gateway.cache.CacheProperties;
import io.onnxfleet.gateway.departure.DepartureProperties;
import io.onnxfleet.gateway.family.FamilyProperties;
import io.onnxfleet.gateway.fleet.DnsProperties;
import io.onnxfleet.gateway.fleet.FleetProperties;
import io.onnxfleet.gateway.inside.InsideProperties;
import io.onnxfleet.gateway.rollout.RolloutProperties;
import io.onnxfleet.gateway.routing.ModelProperties;
import io.onnxfleet.gateway.routing.RoutingProperties;
import io.onnxfleet.gateway.security.SecurityProperties;
import io.onnxfleet.gateway.waking.WakingProperties;
import java.util.ArrayList;
import java.util.List;
import org.springframework.boot.context.properties.ConfigurationProperties;
import org.springframework.core.env.EnumerablePropertySource;
import org.springframework.core.env.PropertySource;

/**
 * Every key under {@code fleet} that the gateway reads, and the check that nothing else is set: a
 * mistyped key must stop the start, not be ignored.
 *
 * <p>Keys of the fleet's other services and of its build pass, since all may read one file.
 * Environment variables are checked under {@code FLEET_GATEWAY_} only: others of that name belong
 * to scripts.
 */
final class KnownProperties {

  private static final List<Class<? extends Record>> RECORDS =
      List.of(
          AdmissionProperties.class,
          AdministrationProperties.class,
          AggregateProperties.class,
          BalancingProperties.class,
          CacheProperties.class,
          ConnectionProperties.class,
          DepartureProperties.class,
          DnsProperties.class,
          FamilyProperties.class,
          FleetProperties.class,
          InsideProperties.class,
          LimitProperties.class,
          ModelProperties.class,
          RolloutProperties.class,
          RoutingProperties.class,
          SecurityProperties.class,
          WakingProperties.class);

  private final KnownKeys known = new KnownKeys("gateway");

  KnownProperties() {
    for (Class<? extends Record> type : RECORDS) {
      known.add(type.getAnnotation(ConfigurationProperties.class).prefix(), type);
    }
  }

  /** What is wrong with the keys of the sources, one line each. */
  List<String> complaints(Iterable<PropertySource<?>> sources) {
    List<String> complaints = new ArrayList<>();
    for (PropertySource<?> source : sources) {
      if (source instanceof EnumerablePropertySource<?> enumerable) {
        for (String name : enumerable.getPropertyNames()) {
          known
              .complaint(name)
              .ifPresent(complaint -> complaints.add(source.getName() + ": " + complaint));
        }
      }
    }
    return complaints;
  }
}
