package io.onnxfleet.gateway.balancing;

import io.onnxfleet.gateway.balancing.policy.BalancingPolicy;
import io.onnxfleet.gateway.fleet.Replica;
import io.onnxfleet.gateway.load.ModelLoads;
import io.onnxfleet.gateway.load.ReplicaLoad;
import io.onnxfleet.gateway.load.ReplicaLoads;
import java.util.ArrayList;
import java.util.List;

/**
 * Chooses in the gateway's own zone, and in the others when a request would wait for its answer
 * much longer at home: traffic spills over by load, whatever the numbers of replicas. A zone
 * without candidates is as if it were not there.
 *
 * <p>As thread-safe as the policy that it asks.
 */
public final class ZonePreference implements BalancingPolicy {

  private static final String ZONE = "zone";
  private static final String DEFAULT_ZONE = "default";

  private final BalancingPolicy policy;
  private final ReplicaLoads loads;
  private final String zone;
  private final double spillRatio;

  /**
   * Wraps a policy.
   *
   * @param spillRatio how many times as long an answer may take at home
   */
  public ZonePreference(
      BalancingPolicy policy, ReplicaLoads loads, String zone, double spillRatio) {
    this.policy = policy;
    this.loads = loads;
    this.zone = zone;
    this.spillRatio = spillRatio;
  }

  @Override
  public Replica choose(String model, List<Replica> candidates) {
    int atHome = 0;
    for (Replica candidate : candidates) {
      if (isAtHome(candidate)) {
        atHome++;
      }
    }
    if (atHome == 0 || atHome == candidates.size()) {
      return policy.choose(model, candidates);
    }
    List<Replica> home = new ArrayList<>(atHome);
    List<Replica> away = new ArrayList<>(candidates.size() - atHome);
    for (Replica candidate : candidates) {
      (isAtHome(candidate) ? home : away).add(candidate);
    }
    Replica near = policy.choose(model, home);
    ModelLoads known = loads.of(model);
    long now = loads.now();
    ReplicaLoad here = known.of(near.id(), now);
    if (here.inFlightThere(now) == 0) {
      return near;
    }
    Replica far = policy.choose(model, away);
    ReplicaLoad there = known.of(far.id(), now);
    return here.estimateNanosBeside(there.perPlaceNanos(now), now)
            > spillRatio * there.estimateNanos(now)
        ? far
        : near;
  }

  private boolean isAtHome(Replica replica) {
    String named = replica.getMetadata().get(ZONE);
    return named == null || zone.equals(orDefault(named));
  }

  /** A zone's name; one that is blank, as a label that a node lacks, counts as not set. */
  static String orDefault(String zone) {
    return zone.isBlank() ? DEFAULT_ZONE : zone;
  }
}
