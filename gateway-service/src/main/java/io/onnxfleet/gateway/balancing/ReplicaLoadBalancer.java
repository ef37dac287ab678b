package io.onnxfleet.gateway.balancing;

import io.onnxfleet.gateway.balancing.policy.BalancingPolicy;
import io.onnxfleet.gateway.balancing.policy.LoadProbes;
import io.onnxfleet.gateway.fleet.Fleet;
import io.onnxfleet.gateway.fleet.ModelReference;
import io.onnxfleet.gateway.fleet.Replica;
import io.onnxfleet.gateway.load.InFlightRequests;
import io.onnxfleet.gateway.load.ModelLoads;
import io.onnxfleet.gateway.load.ReplicaLoad;
import io.onnxfleet.gateway.load.ReplicaLoads;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Finds the candidates for a request and has the policy choose one.
 *
 * <p>Candidates are the first of these that is not empty: registered replicas that are present, not
 * full, and neither too new nor on probation to take more; those that are at least not left out;
 * all registered ones (a poor choice, but better than none); vanished ones. Those that are due to
 * come back are probed.
 *
 * <p>Safe for use by many threads; never blocks.
 */
public final class ReplicaLoadBalancer {

  private static final long PROBE_INTERVAL = Duration.ofMillis(250).toNanos();

  private final Supplier<Fleet> fleet;
  private final EjectedReplicas ejected;
  private final SlowStart slowStart;
  private final InFlightRequests inFlight;
  private final ReplicaLoads loads;
  private final LoadProbes probes;
  private final BalancingPolicy policy;

  ReplicaLoadBalancer(
      Supplier<Fleet> fleet,
      EjectedReplicas ejected,
      SlowStart slowStart,
      InFlightRequests inFlight,
      ReplicaLoads loads,
      LoadProbes probes,
      BalancingPolicy policy) {
    this.fleet = fleet;
    this.ejected = ejected;
    this.slowStart = slowStart;
    this.inFlight = inFlight;
    this.loads = loads;
    this.probes = probes;
    this.policy = policy;
  }

  /** One of all replicas, for what is asked of none in particular; null if there is none. */
  public @Nullable Replica chooseAny() {
    List<Replica> registered = fleet.get().registered();
    List<Replica> present = filtered(registered, replica -> !ejected.isEjected(replica.id()));
    List<Replica> candidates = present.isEmpty() ? registered : present;
    return candidates.isEmpty() ? null : policy.choose("", candidates);
  }

  /** One that can answer the request; null if none can. */
  public @Nullable Replica choose(ReplicaRequest request) {
    List<Replica> candidates = candidates(request);
    return candidates.isEmpty() ? null : policy.choose(request.model().name(), candidates);
  }

  /** Whether the request could go to a replica that is neither left out nor full. */
  public boolean hasRoom(ReplicaRequest request) {
    ModelLoads known = loads.of(request.model().name());
    long now = loads.now();
    for (Replica replica : fleet.get().serving(request.model())) {
      if (isUntried(replica, request)
          && !ejected.isEjected(replica.id())
          && !known.of(replica.id(), now).isFull(now)) {
        return true;
      }
    }
    return false;
  }

  /** What a request for the model would meet; null where no replica has room for it. */
  public @Nullable ReplicaEstimate estimate(ModelReference model) {
    Fleet present = fleet.get();
    List<Replica> serving = present.serving(model);
    ModelLoads known = loads.of(model.name());
    long now = loads.now();
    ReplicaEstimate best = null;
    for (Replica replica : serving.isEmpty() ? present.vanishedServing(model) : serving) {
      ReplicaLoad load = known.of(replica.id(), now);
      if (ejected.isEjected(replica.id()) || load.isFull(now)) {
        continue;
      }
      long nanos = load.estimateNanos(now);
      if (best == null || nanos < best.nanos()) {
        best = new ReplicaEstimate(nanos, load.inFlightThere(now));
      }
    }
    return best;
  }

  private List<Replica> candidates(ReplicaRequest request) {
    Fleet now = fleet.get();
    List<Replica> serving = now.serving(request.model());
    List<Replica> candidates = filtered(serving, replica -> mayServe(replica, request));
    if (candidates.isEmpty()) {
      candidates =
          filtered(
              serving, replica -> isUntried(replica, request) && !ejected.isEjected(replica.id()));
    }
    if (candidates.isEmpty()) {
      candidates = filtered(serving, replica -> isUntried(replica, request));
    }
    if (candidates.isEmpty()) {
      candidates =
          filtered(now.vanishedServing(request.model()), replica -> isUntried(replica, request));
    }
    return candidates;
  }

  private static boolean isUntried(Replica replica, ReplicaRequest request) {
    return request.allows(replica.id());
  }

  private boolean mayServe(Replica replica, ReplicaRequest request) {
    String id = replica.id();
    if (!isUntried(replica, request)) {
      return false;
    }
    boolean present =
        switch (ejected.presence(id)) {
          case PRESENT -> slowStart.mayServe(id);
          case ABSENT -> false;
          case DUE -> {
            probe(replica, request.model().name());
            yield false;
          }
          case ON_PROBATION -> inFlight.count(id) < ejected.allowedOnProbation(id);
        };
    if (!present) {
      return false;
    }
    long now = loads.now();
    return !loads.of(request.model().name()).of(id, now).isFull(now);
  }

  private void probe(Replica replica, String model) {
    long now = loads.now();
    if (loads.of(model).of(replica.id(), now).takeProbe(now, PROBE_INTERVAL)) {
      probes.probe(replica, model);
    }
  }

  /** The list itself where nothing is left out, which is nearly always. */
  private static List<Replica> filtered(List<Replica> replicas, Predicate<Replica> condition) {
    for (int kept = 0; kept < replicas.size(); kept++) {
      if (!condition.test(replicas.get(kept))) {
        List<Replica> some = new ArrayList<>(replicas.subList(0, kept));
        for (Replica replica : replicas.subList(kept + 1, replicas.size())) {
          if (condition.test(replica)) {
            some.add(replica);
          }
        }
        return some;
      }
    }
    return replicas;
  }
}
