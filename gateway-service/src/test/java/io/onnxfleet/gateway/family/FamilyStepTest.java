package io.onnxfleet.gateway.family;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.onnxfleet.contract.api.HeaderNames;
import io.onnxfleet.gateway.fleet.Fleet;
import io.onnxfleet.gateway.fleet.ModelFamily;
import io.onnxfleet.gateway.fleet.ModelVariant;
import io.onnxfleet.gateway.fleet.OneReplica;
import io.onnxfleet.gateway.load.ReplicaLoad;
import io.onnxfleet.gateway.load.ReplicaLoads;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.springframework.http.HttpHeaders;

/**
 * A step of four times the load in virtual time, over two machines whose CPU the variants share.
 * The load is Poisson; what a request costs varies by a fifth.
 */
class FamilyStepTest {

  private static final long MILLIS = 1_000_000;
  private static final long SECOND = 1000 * MILLIS;
  private static final long STEP_FROM = 10 * SECOND;
  private static final long STEP_TO = 30 * SECOND;
  private static final long END = 45 * SECOND;
  private static final double CALM_PER_SECOND = 30;
  private static final int BUDGET_MILLIS = 150;
  private static final Map<String, Long> COST = Map.of("large", 20 * MILLIS, "small", 8 * MILLIS);

  private final SplittableRandom random = new SplittableRandom(7);
  private final Fleet fleet =
      OneReplica.with(
          Map.of(
              "models-ready",
              "large:1,small:1",
              "models-families",
              "large:f:1:c:0,small:f:0.9:c:0"));
  private final ModelFamily family = Objects.requireNonNull(fleet.family("f"));
  private final List<Ended> ended = new ArrayList<>();
  private long now;
  private final ReplicaLoads loads = new ReplicaLoads(Duration.ofSeconds(1), 8, () -> now);
  private final VariantChoice choice =
      new VariantChoice(
          () -> fleet,
          new FamilyProperties(
              0.6, Duration.ofSeconds(1), Duration.ofSeconds(5), Duration.ofMinutes(1)),
          new FamilyMetrics(new SimpleMeterRegistry()),
          () -> now);
  private final List<Machine> machines = List.of(new Machine("one"), new Machine("two"));

  private record Ended(long dueNanos, String model, long nanos) {}

  /** A request at a machine, and how much of its work is left. */
  private static final class Work {
    final String model;
    final long dueNanos;
    final ReplicaLoad.Call call;
    double left;

    Work(String model, long dueNanos, ReplicaLoad.Call call, double left) {
      this.model = model;
      this.dueNanos = dueNanos;
      this.call = call;
      this.left = left;
    }
  }

  /** Each model works one request after the other; both share the CPU while both have some. */
  private final class Machine {
    final String id;
    final Map<String, Deque<Work>> queues = new TreeMap<>();

    Machine(String id) {
      this.id = id;
      COST.keySet().forEach(model -> queues.put(model, new ArrayDeque<>()));
    }

    Stream<Work> heads() {
      return queues.values().stream().map(Deque::peek).filter(Objects::nonNull);
    }

    Deque<Work> queue(String model) {
      return Objects.requireNonNull(queues.get(model));
    }

    /** How long until the next request is done, if nothing comes. */
    double untilNext() {
      return heads().mapToDouble(work -> work.left).min().stream()
          .map(left -> left * heads().count())
          .findFirst()
          .orElse(END);
    }

    void advance(double nanos) {
      long busy = heads().count();
      heads().forEach(work -> work.left -= nanos / busy);
    }

    void finish() {
      for (Deque<Work> queue : queues.values()) {
        Work head = queue.peek();
        if (head != null && head.left < 1) {
          queue.remove();
          head.call.answered(now);
          ended.add(new Ended(head.dueNanos, head.model, now - head.dueNanos));
        }
      }
    }
  }

  private ReplicaLoad load(String model, Machine machine) {
    return loads.of(model).of(machine.id, now);
  }

  private Machine soonest(String model) {
    Machine soonest = machines.getFirst();
    for (Machine machine : machines) {
      if (load(model, machine).estimateNanos(now) < load(model, soonest).estimateNanos(now)) {
        soonest = machine;
      }
    }
    return soonest;
  }

  private VariantEstimate estimate(ModelVariant variant) {
    Machine machine = soonest(variant.model());
    return new VariantEstimate(
        variant,
        true,
        load(variant.model(), machine).estimateNanos(now),
        machine.queue(variant.model()).size());
  }

  private void arrive(boolean ofFamily) {
    HttpHeaders terms = new HttpHeaders();
    terms.set(HeaderNames.LATENCY_BUDGET_MILLIS, Integer.toString(BUDGET_MILLIS));
    String model =
        ofFamily ? choice.choose(family, VariantUse.ALONE, terms, this::estimate).model() : "large";
    Machine machine = soonest(model);
    double cost = Objects.requireNonNull(COST.get(model)) * (0.8 + 0.4 * random.nextDouble());
    machine.queue(model).add(new Work(model, now, load(model, machine).begin(now), cost));
  }

  private void run(boolean ofFamily) {
    double at = 0;
    double due = 0;
    while (at < END) {
      double next = machines.stream().mapToDouble(Machine::untilNext).min().orElse(END);
      double step = Math.min(next, due - at);
      machines.forEach(machine -> machine.advance(step));
      at += step;
      now = (long) at;
      machines.forEach(Machine::finish);
      if (at >= due) {
        arrive(ofFamily);
        boolean inStep = at >= STEP_FROM && at < STEP_TO;
        due = at + random.nextExponential() * SECOND / (CALM_PER_SECOND * (inStep ? 4 : 1));
      }
    }
  }

  private double p99Millis(long from, long to) {
    List<Long> nanos = new ArrayList<>();
    for (Ended request : ended) {
      if (request.dueNanos >= from && request.dueNanos < to) {
        nanos.add(request.nanos);
      }
    }
    Collections.sort(nanos);
    return nanos.get((int) (0.99 * nanos.size())) / (double) MILLIS;
  }

  private double shareOfBest(long from, long to) {
    double best = 0;
    double all = 0;
    for (Ended request : ended) {
      if (request.dueNanos >= from && request.dueNanos < to) {
        all++;
        best += request.model.equals("large") ? 1 : 0;
      }
    }
    return best / all;
  }

  @Test
  void best_breaksTheBudget_whenItIsAlone() {
    run(false);

    assertThat(p99Millis(5 * SECOND, STEP_FROM)).isLessThan(BUDGET_MILLIS);
    assertThat(p99Millis(STEP_FROM, STEP_TO)).isGreaterThan(10 * BUDGET_MILLIS);
  }

  @Test
  void family_keepsTheBudget_andItsQualityComesBack() {
    run(true);

    assertThat(shareOfBest(0, STEP_FROM)).isGreaterThan(0.99);
    assertThat(p99Millis(STEP_FROM, STEP_TO)).isLessThan(BUDGET_MILLIS);
    assertThat(shareOfBest(STEP_FROM, STEP_TO)).isBetween(0.01, 0.5);
    assertThat(shareOfBest(STEP_TO + 6 * SECOND, END)).isGreaterThan(0.99);
  }
}
