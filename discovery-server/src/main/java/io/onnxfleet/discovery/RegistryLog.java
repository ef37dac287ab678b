package io.onnxfleet.discovery;

import com.netflix.appinfo.InstanceInfo;
import com.netflix.appinfo.InstanceInfo.InstanceStatus;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.springframework.cloud.netflix.eureka.server.event.EurekaInstanceCanceledEvent;
import org.springframework.cloud.netflix.eureka.server.event.EurekaInstanceRegisteredEvent;
import org.springframework.cloud.netflix.eureka.server.event.EurekaInstanceRenewedEvent;
import org.springframework.context.event.EventListener;

/**
 * Says in one line when an instance joins, changes its status, leaves or expires; a peer is an
 * instance too. Eureka's own lines, of which there are many at rest, are switched off.
 *
 * <p>Safe for use by many threads. Keeps a few words for each instance that is registered.
 */
final class RegistryLog {

  /**
   * What is known of an instance.
   *
   * @param lease how long it counts without a renewal
   * @param renewedAt on the nano clock
   */
  private record Known(InstanceStatus status, Duration lease, long renewedAt) {
    Known renewed(long now) {
      return new Known(status, lease, now);
    }
  }

  private final Map<String, Known> known = new ConcurrentHashMap<>();
  private final Consumer<String> lines;
  private final LongSupplier nanoClock;

  RegistryLog(Consumer<String> lines, LongSupplier nanoClock) {
    this.lines = lines;
    this.nanoClock = nanoClock;
  }

  /** Also comes of what an instance tells anew, and from peers. */
  @EventListener
  void registered(EurekaInstanceRegisteredEvent event) {
    InstanceInfo instance = event.getInstanceInfo();
    String name = name(instance.getAppName(), instance.getId());
    InstanceStatus status = instance.getStatus();
    Known before =
        known.put(
            name,
            new Known(status, Duration.ofSeconds(event.getLeaseDuration()), nanoClock.getAsLong()));
    if (before == null) {
      lines.accept("joined: %s (%s)".formatted(name, status));
    } else if (before.status() != status) {
      lines.accept("changed: %s (%s, before: %s)".formatted(name, status, before.status()));
    }
  }

  @EventListener
  void renewed(EurekaInstanceRenewedEvent event) {
    known.computeIfPresent(
        name(event.getAppName(), event.getServerId()),
        (name, instance) -> instance.renewed(nanoClock.getAsLong()));
  }

  /** Comes twice of an instance that leaves, once of one that is evicted. */
  @EventListener
  void canceled(EurekaInstanceCanceledEvent event) {
    String name = name(event.getAppName(), event.getServerId());
    Known before = known.remove(name);
    if (before == null) {
      return;
    }
    Duration silent = Duration.ofNanos(nanoClock.getAsLong() - before.renewedAt());
    if (silent.compareTo(before.lease()) > 0) {
      lines.accept("expired: %s (silent for %d s)".formatted(name, silent.toSeconds()));
    } else {
      lines.accept("left: " + name);
    }
  }

  private static String name(String application, String id) {
    return application + " " + id;
  }
}
