package io.onnxfleet.benchmarks.balancing;

import io.onnxfleet.contract.fleet.LoadReport;
import io.onnxfleet.gateway.balancing.policy.BalancingPolicy;
import io.onnxfleet.gateway.fleet.Replica;
import io.onnxfleet.gateway.load.InFlightRequests;
import io.onnxfleet.gateway.load.ReplicaLoad;
import io.onnxfleet.gateway.load.ReplicaLoads;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;
import org.springframework.cloud.client.DefaultServiceInstance;

/**
 * Gateways with the real policies before simulated replicas, in virtual time: Poisson arrivals, a
 * quarter of a millisecond on the wire each way, and nothing that is known to a gateway before it
 * could have heard of it. The same seed gives the same result.
 */
final class Simulation {
  private static final String MODEL = "m";
  private static final long WIRE_NANOS = 250_000;
  private static final Duration REPORT_AGE = Duration.ofSeconds(1);
  private static final int REPORT_USES = 8;
  private static final double PROBES_PER_SECOND = 200;

  /**
   * What came out, of the requests after the warm-up.
   *
   * @param slowestShare of the requests that went to the slowest replica
   * @param meanBatch requests in a batch
   * @param probesPerRequest questions for load that were asked
   */
  record Result(
      int requests,
      double meanMillis,
      double p50Millis,
      double p99Millis,
      double slowestShare,
      double meanBatch,
      double probesPerRequest) {}

  private final VirtualTime time = new VirtualTime();
  private final Scenario scenario;
  private final List<SimulatedReplica> replicas = new ArrayList<>();
  private final List<Replica> candidates = new ArrayList<>();
  private final Map<String, SimulatedReplica> byId = new java.util.HashMap<>();
  private final long warmUpNanos;
  private long[] latencies = new long[1024];
  private int answered;
  private long probes;

  private Simulation(Scenario scenario, PolicyKind policy, Duration warmUp, long seed) {
    this.scenario = scenario;
    this.warmUpNanos = warmUp.toNanos();
    SplittableRandom seeds = new SplittableRandom(seed);
    for (int i = 0; i < scenario.speeds().size(); i++) {
      SimulatedReplica replica =
          new SimulatedReplica(time, scenario.curve(), scenario.speeds().get(i), seeds.split());
      String id = "r" + i;
      replicas.add(replica);
      byId.put(id, replica);
      candidates.add(
          Replica.of(new DefaultServiceInstance(id, "inference-service", "r", 80, false)));
    }
    for (int i = 0; i < scenario.gateways(); i++) {
      new Gateway(policy, seeds.split()).arriveLater();
    }
  }

  /** Runs one simulation. */
  static Result run(
      Scenario scenario, PolicyKind policy, Duration warmUp, Duration measured, long seed) {
    Simulation simulation = new Simulation(scenario, policy, warmUp, seed);
    simulation.time.runUntil(warmUp.plus(measured).toNanos());
    return simulation.result();
  }

  private Result result() {
    long[] sorted = Arrays.copyOf(latencies, answered);
    Arrays.sort(sorted);
    long served = replicas.stream().mapToLong(SimulatedReplica::served).sum();
    long batches = replicas.stream().mapToLong(SimulatedReplica::batches).sum();
    SimulatedReplica slowest = replicas.getFirst();
    for (SimulatedReplica replica : replicas) {
      slowest = replica.speed() < slowest.speed() ? replica : slowest;
    }
    return new Result(
        answered,
        Arrays.stream(sorted).average().orElse(0) / 1e6,
        quantile(sorted, 0.5),
        quantile(sorted, 0.99),
        (double) slowest.served() / served,
        (double) served / batches,
        (double) probes / served);
  }

  private static double quantile(long[] sorted, double q) {
    return sorted.length == 0
        ? 0
        : sorted[Math.max(0, (int) Math.ceil(q * sorted.length) - 1)] / 1e6;
  }

  private void record(long sentNanos) {
    if (sentNanos >= warmUpNanos) {
      if (answered == latencies.length) {
        latencies = Arrays.copyOf(latencies, answered * 2);
      }
      latencies[answered++] = time.now() - sentNanos;
    }
  }

  /** One of the gateways, with what it alone knows. */
  private final class Gateway {
    private final RandomGenerator random;
    private final InFlightRequests inFlight = new InFlightRequests();
    private final ReplicaLoads loads = new ReplicaLoads(REPORT_AGE, REPORT_USES, time::now);
    private final BalancingPolicy policy;
    private double probesAllowed = PROBES_PER_SECOND;
    private long probesFilledAt;

    Gateway(PolicyKind kind, SplittableRandom seeds) {
      this.random = seeds.split();
      SplittableRandom drawing = seeds.split();
      this.policy =
          kind.making()
              .create(
                  inFlight,
                  loads,
                  (replica, model) -> probe(replica),
                  drawing::nextInt,
                  scenario.curve());
    }

    void arriveLater() {
      double perGateway = scenario.requestsPerSecond() / scenario.gateways();
      long pause = (long) (-Math.log(1 - random.nextDouble()) / perGateway * 1e9);
      time.after(
          pause,
          () -> {
            send();
            arriveLater();
          });
    }

    private void send() {
      long sent = time.now();
      Replica chosen = policy.choose(MODEL, candidates);
      InFlightRequests.Lease lease = inFlight.begin(chosen.id());
      ReplicaLoad.Call call = loads.of(MODEL).of(chosen.id(), sent).begin(sent);
      time.after(
          WIRE_NANOS,
          () ->
              replica(chosen)
                  .accept(report -> time.after(WIRE_NANOS, () -> answer(call, lease, report))));
    }

    private void answer(ReplicaLoad.Call call, InFlightRequests.Lease lease, LoadReport report) {
      call.reported(report, time.now());
      call.answered(time.now());
      lease.close();
      record(call.startNanos());
    }

    private void probe(Replica replica) {
      long now = time.now();
      probesAllowed =
          Math.min(
              PROBES_PER_SECOND, probesAllowed + (now - probesFilledAt) * PROBES_PER_SECOND / 1e9);
      probesFilledAt = now;
      if (probesAllowed < 1) {
        return;
      }
      probesAllowed--;
      probes++;
      time.after(
          WIRE_NANOS,
          () -> {
            LoadReport report = replica(replica).report();
            time.after(
                WIRE_NANOS,
                () -> loads.of(MODEL).of(replica.id(), now).reported(report, time.now()));
          });
    }

    private SimulatedReplica replica(Replica chosen) {
      return java.util.Objects.requireNonNull(byId.get(chosen.id()));
    }
  }
}
