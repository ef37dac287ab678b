package io.onnxfleet.benchmarks.policies;

import io.onnxfleet.engine.batching.Batch;
import io.onnxfleet.engine.batching.BatchScheduler;
import io.onnxfleet.engine.batching.BatchSchedulerOptions;
import io.onnxfleet.engine.batching.WorkLimits;
import io.onnxfleet.engine.batching.latency.LatencyModel;
import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.request.Deadline;
import java.time.Duration;
import java.util.Comparator;
import java.util.PriorityQueue;
import java.util.Random;
import java.util.stream.LongStream;

/**
 * The engine's scheduler under a virtual clock: no threads, no time, the same outcome for the same
 * seed. A batch takes what the machine's curve says, but for a few per cent of noise. What happens
 * in the first tenth is not counted.
 */
final class Simulation {
  private static final double NOISE = 0.03;

  /** A caller of a closed loop asks again that long after its answer. */
  private static final long MEAN_THINKING_NANOS = 500_000;

  private final Machine machine;
  private final Policy policy;
  private final Duration deadline;
  private final Random random;
  private final LatencyModel model;
  private final BatchScheduler<SimulatedRequest> scheduler;
  private final PriorityQueue<Event> events =
      new PriorityQueue<>(Comparator.comparingLong(Event::nanos).thenComparingLong(Event::number));
  private final LongStream.Builder latencies = LongStream.builder();
  private long now;
  private long number;
  private int idle;
  private long countedFrom;
  private int offered;
  private long batches;
  private long rows;
  private long wakeNanos = Long.MAX_VALUE;
  private boolean closedLoop;
  private long endNanos;

  private record Event(long nanos, long number, Runnable action) {}

  Simulation(Machine machine, Policy policy, Duration deadline, long seed) {
    this.machine = machine;
    this.policy = policy;
    this.deadline = deadline;
    this.random = new Random(seed);
    this.model = new LatencyModel(machine.maxBatchSize());
    this.idle = machine.instances();
    BatchSchedulerOptions options = policy.options(machine);
    scheduler =
        new BatchScheduler<>(
            options,
            policy.policy(options),
            new WorkLimits(machine.instances(), 0, Duration.ofSeconds(30)),
            model,
            () -> now);
  }

  /** Poisson arrivals of that many requests a second. */
  Outcome openLoop(double rate, Duration duration) {
    begin(duration);
    arriveAt(nextArrival(rate), rate);
    return run();
  }

  /** That many clients, each of which waits for its answer before it asks again. */
  Outcome closedLoop(int clients, Duration duration) {
    begin(duration);
    closedLoop = true;
    for (int client = 0; client < clients; client++) {
      int asking = client;
      at((long) (random.nextDouble() * MEAN_THINKING_NANOS), () -> submit(asking));
    }
    return run();
  }

  private void begin(Duration duration) {
    endNanos = duration.toNanos();
    countedFrom = endNanos / 10;
  }

  private long nextArrival(double rate) {
    return now + (long) (-Math.log(1 - random.nextDouble()) / rate * 1e9);
  }

  private void arriveAt(long nanos, double rate) {
    at(
        nanos,
        () -> {
          submit(0);
          arriveAt(nextArrival(rate), rate);
        });
  }

  private void at(long nanos, Runnable action) {
    events.add(new Event(nanos, number++, action));
  }

  private Outcome run() {
    Event event = events.poll();
    while (event != null && event.nanos <= endNanos) {
      now = event.nanos;
      event.action.run();
      dispatch();
      event = events.poll();
    }
    return Outcome.of(
        latencies.build().toArray(),
        deadline.toNanos(),
        offered,
        (endNanos - countedFrom) / 1e9,
        batches == 0 ? 0 : (double) rows / batches);
  }

  private void submit(int client) {
    if (now >= countedFrom) {
      offered++;
    }
    long length = machine.lengths().applyAsInt(random.nextInt(1_000));
    try {
      scheduler.submit(
          new SimulatedRequest(client, now, length, Deadline.after(deadline, () -> now)));
    } catch (InferenceException refused) {
      if (closedLoop) {
        at(now + deadline.toNanos(), () -> submit(client));
      }
    }
  }

  private void dispatch() {
    while (idle > 0) {
      Batch<SimulatedRequest> batch = scheduler.poll();
      if (batch == null) {
        wakeWhenReady();
        return;
      }
      idle--;
      double noise = 1 + NOISE * Math.clamp(random.nextGaussian(), -3, 3);
      double nanoseconds = noise * machine.nanos(batch.rows(), batch.length());
      long nanos = Math.round(nanoseconds);
      at(now + nanos, () -> complete(batch, nanos));
    }
  }

  private void wakeWhenReady() {
    long wait = scheduler.nanosUntilReady();
    if (wait != Long.MAX_VALUE && now + wait != wakeNanos) {
      wakeNanos = now + wait;
      at(wakeNanos, () -> {});
    }
  }

  private void complete(Batch<SimulatedRequest> batch, long nanos) {
    idle++;
    if (policy.learns()) {
      scheduler.completed(batch, nanos);
    }
    if (now >= countedFrom) {
      batches++;
      rows += batch.rows();
    }
    for (SimulatedRequest request : batch.items()) {
      if (now >= countedFrom) {
        latencies.add(now - request.arrivedNanos);
      }
      if (closedLoop) {
        long thinking = (long) (-Math.log(1 - random.nextDouble()) * MEAN_THINKING_NANOS);
        at(now + thinking, () -> submit(request.client));
      }
    }
  }
}
