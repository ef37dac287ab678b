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
 * Says in one line when an instance joins, leaves or expires; a peer is an instance too. One that
 * is not UP is not there: it joins when it comes up, and leaves when it goes down, whatever it
 * tells later. Eureka's own lines, of which there are many at rest, are switched off.
 *
 * <p>Safe for use by many threads. Keeps a few words for each instance that is registered.
 */
final class RegistryLog {

  /**
   * An instance that is there.
   *
   * @param lease how long it counts without a renewal
   * @param renewedAt on the nano clock
   */
  private record Present(Duration lease, long renewedAt) {}

  private final Map<String, Present> present = new ConcurrentHashMap<>();
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
    if (status == InstanceStatus.UP) {
      Duration lease = Duration.ofSeconds(event.getLeaseDuration());
      if (present.put(name, new Present(lease, nanoClock.getAsLong())) == null) {
        lines.accept("joined: " + name);
      }
    } else if (present.remove(name) != null) {
      lines.accept("left: %s (%s)".formatted(name, status));
    }
  }

  @EventListener
  void renewed(EurekaInstanceRenewedEvent event) {
    present.computeIfPresent(
        name(event.getAppName(), event.getServerId()),
        (name, instance) -> new Present(instance.lease(), nanoClock.getAsLong()));
  }

  /** Comes twice of an instance that leaves, once of one that is evicted. */
  @EventListener
  void canceled(EurekaInstanceCanceledEvent event) {
    String name = name(event.getAppName(), event.getServerId());
    Present before = present.remove(name);
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

  /** An instance thinks of its names itself: they cannot look like a line of ours. */
  private static String name(String application, String id) {
    return (application + " " + id)
        .replaceAll("[\\p{Cntrl}\\x{80}-\\x{9f}\\x{2028}\\x{2029}]", "?");
  }
}
