package io.onnxfleet.gateway.load;

import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;
import java.util.function.Predicate;

/**
 * What this gateway knows of the replicas' loads, by model. Safe for use by many threads. Bounded
 * by the models and replicas of the fleet: only for those that it has may be asked.
 */
public final class ReplicaLoads {

  private final Map<String, ModelLoads> models = new ConcurrentHashMap<>();
  private final Duration reportAge;
  private final int reportUses;
  private final LongSupplier nanoClock;

  /**
   * Knows nothing yet.
   *
   * @param reportAge after which a replica's report counts no longer
   * @param reportUses requests sent by a report before it counts no longer
   */
  public ReplicaLoads(Duration reportAge, int reportUses, LongSupplier nanoClock) {
    this.reportAge = reportAge;
    this.reportUses = reportUses;
    this.nanoClock = nanoClock;
  }

  public ModelLoads of(String model) {
    ModelLoads known = models.get(model);
    return known != null
        ? known
        : models.computeIfAbsent(
            model, name -> new ModelLoads(reportAge, reportUses, nanoClock.getAsLong()));
  }

  public long now() {
    return nanoClock.getAsLong();
  }

  /** Forgets what the fleet no longer has and nothing is under way at. */
  public void retain(Set<String> replicas, Predicate<String> knowsModel) {
    models.forEach(
        (name, loads) -> {
          loads.retain(replicas);
          if (!knowsModel.test(name) && loads.all().isEmpty()) {
            models.remove(name);
          }
        });
  }
}
