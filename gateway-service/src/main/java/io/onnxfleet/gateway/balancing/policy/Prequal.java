package io.onnxfleet.gateway.balancing.policy;

import io.onnxfleet.gateway.fleet.Replica;
import io.onnxfleet.gateway.load.ModelLoads;
import io.onnxfleet.gateway.load.ReplicaLoad;
import io.onnxfleet.gateway.load.ReplicaLoads;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntUnaryOperator;

/**
 * Chooses the replica that will answer soonest, by what replicas report of themselves.
 *
 * <p>B. Wydrowski, R. Kleinberg, S. M. Rumble, A. Archer, "Load is not what you should balance:
 * Introducing Prequal" (NSDI 2024), with these rules of theirs:
 *
 * <ul>
 *   <li>Hot-cold lexicographic: a replica is <em>hot</em> whose requests in flight lie above a
 *       quantile of those considered. Among cold ones the least estimated latency wins.
 *   <li>Considered are the few that reported last, which is where the information is fresh. Reports
 *       age and wear out with use; replicas are probed at random, so that everyone gets a chance.
 * </ul>
 *
 * <p>What differs: reports come with every answer, so that probes fill only what traffic leaves
 * open; what this gateway sent since a report is added to it; and of a small fleet all replicas are
 * considered, known by their own answers where no report is fresh. And estimates that lie close
 * together count as equal, since they are not that exact, and so does that of a replica that would
 * be as quick if it did not compile: of those the replica with the fewest in flight is taken.
 * Otherwise the one that seems a little quicker would take everything at low load, and one that has
 * just joined would stay cold for want of requests.
 *
 * <p>Several gateways that hold the same reports would run to the same replica: each looks at its
 * own random part of the candidates, and where several are as good takes any of them.
 *
 * <p>Safe for use by many threads.
 */
final class Prequal implements BalancingPolicy {

  /** Up to here all candidates are considered. */
  private static final int SMALL_FLEET = 16;

  private static final int ALSO_CONSIDERED = 4;
  private static final double HOT_QUANTILE = 0.84;

  /** Estimates are not more exact than that; up to there the requests in flight decide. */
  private static final double ALIKE = 1.5;

  private final ReplicaLoads loads;
  private final LoadProbes probes;
  private final IntUnaryOperator random;

  /**
   * Chooses by these loads.
   *
   * @param random a number from 0 below its argument; safe for use by many threads
   */
  Prequal(ReplicaLoads loads, LoadProbes probes, IntUnaryOperator random) {
    this.loads = loads;
    this.probes = probes;
    this.random = random;
  }

  @Override
  public Replica choose(String model, List<Replica> candidates) {
    int size = candidates.size();
    if (size == 1) {
      return candidates.getFirst();
    }
    ModelLoads known = loads.of(model);
    long now = loads.now();
    Considered considered =
        new Considered(
            Math.min(size, Math.max(SMALL_FLEET, known.poolSize()) + ALSO_CONSIDERED), now);
    if (size <= SMALL_FLEET) {
      int start = random.applyAsInt(size);
      for (int i = 0; i < size; i++) {
        int place = (start + i) % size;
        Replica replica = candidates.get(place);
        ReplicaLoad load = known.of(replica.id(), now);
        probeIfStale(replica, model, load, known, now);
        considered.add(place, load);
      }
    } else {
      fromPool(model, candidates, known, considered, now);
    }
    return candidates.get(considered.best());
  }

  private void fromPool(
      String model, List<Replica> candidates, ModelLoads known, Considered considered, long now) {
    int size = candidates.size();
    for (int i = 0; i < known.poolSize(); i++) {
      ReplicaLoad load = known.pooled(i);
      if (load != null && load.hasFreshReport(now)) {
        int place = load.index();
        if (place >= 0 && place < size && candidates.get(place).id().equals(load.replica())) {
          considered.add(place, load);
        }
      }
    }
    // One more is asked about itself, so that next time it is among those that reported last.
    int asked = random.applyAsInt(size);
    Replica replica = candidates.get(asked);
    ReplicaLoad load = known.of(replica.id(), now);
    load.drawnAt(asked);
    probeIfStale(replica, model, load, known, now);
    for (int i = 0; i < ALSO_CONSIDERED; i++) {
      int place = random.applyAsInt(size);
      ReplicaLoad drawn = known.of(candidates.get(place).id(), now);
      drawn.drawnAt(place);
      considered.add(place, drawn);
    }
  }

  private void probeIfStale(
      Replica replica, String model, ReplicaLoad load, ModelLoads known, long now) {
    if (!load.hasFreshReport(now) && load.takeProbe(now, known.reportAgeNanos() / 2)) {
      probes.probe(replica, model);
    }
  }

  /** The replicas that a choice is made from, read once. Used by one thread. */
  private static final class Considered {

    private final long now;
    private final int[] places;
    private final ReplicaLoad[] loads;
    private final int[] inFlight;
    private int count;

    Considered(int most, long now) {
      this.now = now;
      places = new int[most];
      loads = new ReplicaLoad[most];
      inFlight = new int[most];
    }

    void add(int place, ReplicaLoad load) {
      if (count == places.length) {
        return;
      }
      places[count] = place;
      loads[count] = load;
      inFlight[count] = load.inFlightThere(now);
      count++;
    }

    int best() {
      int hotAbove = hotAbove();
      long[] estimates = estimates();
      long soonest = Long.MAX_VALUE;
      for (int i = 0; i < count; i++) {
        if (inFlight[i] <= hotAbove) {
          soonest = Math.min(soonest, estimates[i]);
        }
      }
      int best = -1;
      for (int i = 0; i < count; i++) {
        if (inFlight[i] <= hotAbove
            && estimates[i] <= (long) (soonest * ALIKE)
            && (best < 0 || inFlight[i] < inFlight[best])) {
          best = i;
        }
      }
      return places[best];
    }

    private long[] estimates() {
      double quickest = Double.POSITIVE_INFINITY;
      for (int i = 0; i < count; i++) {
        quickest = Math.min(quickest, loads[i].perPlaceNanos(now));
      }
      long[] estimates = new long[count];
      for (int i = 0; i < count; i++) {
        estimates[i] = loads[i].estimateNanosBeside(quickest, now);
      }
      return estimates;
    }

    private int hotAbove() {
      int[] sorted = Arrays.copyOf(inFlight, count);
      Arrays.sort(sorted);
      return sorted[(int) Math.ceil(HOT_QUANTILE * count) - 1];
    }
  }
}
