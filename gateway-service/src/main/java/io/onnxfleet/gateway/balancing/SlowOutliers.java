package io.onnxfleet.gateway.balancing;

import io.onnxfleet.contract.fleet.MetadataKeys;
import io.onnxfleet.gateway.fleet.Replica;
import io.onnxfleet.gateway.load.ModelLoads;
import io.onnxfleet.gateway.load.ReplicaLoad;
import io.onnxfleet.gateway.load.ReplicaLoads;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Leaves out replicas that take many times as long as others of their kind. Of one kind are those
 * that run on the same execution providers: that a CPU is slower than an accelerator is no fault.
 *
 * <p>Looks at a model's replicas at most four times a second, when one of them answers. Safe for
 * use by many threads. Bounded by the models of the fleet.
 */
public final class SlowOutliers {

  private static final Logger LOGGER = LoggerFactory.getLogger(SlowOutliers.class);
  private static final long INTERVAL = Duration.ofMillis(250).toNanos();

  /** Fewer answers say nothing. */
  private static final int LEAST_SAMPLES = 8;

  /** A difference below this is not worth an absence, whatever its ratio. */
  private static final double LEAST_DIFFERENCE = Duration.ofMillis(2).toNanos();

  private final ReplicaLoads loads;
  private final EjectedReplicas ejected;
  private final double factor;
  private final Map<String, Long> lookedAt = new ConcurrentHashMap<>();

  public SlowOutliers(ReplicaLoads loads, EjectedReplicas ejected, double factor) {
    this.loads = loads;
    this.ejected = ejected;
    this.factor = factor;
  }

  /** One of the replicas answered. */
  public void look(String model, List<Replica> serving) {
    long now = loads.now();
    Long last = lookedAt.get(model);
    if (serving.size() < 3 || (last != null && now - last < INTERVAL)) {
      return;
    }
    lookedAt.put(model, now);
    ModelLoads known = loads.of(model);
    for (Replica replica : serving) {
      ReplicaLoad load = known.of(replica.id(), now);
      if (load.samples() >= LEAST_SAMPLES && !ejected.isEjected(replica.id())) {
        double usual = medianOfOthers(known, serving, replica, now);
        double own = load.perPlaceNanos(now);
        if (usual > 0
            && own > usual * factor
            && own - usual > Math.max(LEAST_DIFFERENCE, load.compilingNanos())
            && ejected.ejectUnlessTooMany(replica.id(), serving.size())) {
          LOGGER.warn(
              "{} is left out: {} ms a request of model {} (others: {} ms)",
              replica.id(),
              Math.round(own / 1e6),
              model,
              Math.round(usual / 1e6));
          load.startAnew();
        }
      }
    }
  }

  private static double medianOfOthers(
      ModelLoads known, List<Replica> serving, Replica replica, long now) {
    double[] others = new double[serving.size()];
    int count = 0;
    String kind = kind(replica);
    for (Replica other : serving) {
      ReplicaLoad load = known.of(other.id(), now);
      if (!other.id().equals(replica.id())
          && load.samples() >= LEAST_SAMPLES
          && kind(other).equals(kind)) {
        others[count++] = load.perPlaceNanos(now);
      }
    }
    if (count < 2) {
      return 0;
    }
    Arrays.sort(others, 0, count);
    return others[count / 2];
  }

  private static String kind(Replica replica) {
    return replica.getMetadata().getOrDefault(MetadataKeys.EXECUTION_PROVIDERS, "");
  }
}
