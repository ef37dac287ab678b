package io.onnxfleet.benchmarks.balancing;

import io.onnxfleet.contract.fleet.LoadReport;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;

/**
 * A replica as the engine is: one queue, instances that take from it whatever waits up to the
 * largest batch as soon as they are idle. Used by one thread.
 */
final class SimulatedReplica {
  private final VirtualTime time;
  private final ServiceCurve curve;
  private final double speed;
  private final RandomGenerator random;
  private final ArrayDeque<Consumer<LoadReport>> waiting = new ArrayDeque<>();
  private int running;
  private int busy;
  private long batches;
  private long served;

  SimulatedReplica(VirtualTime time, ServiceCurve curve, double speed, RandomGenerator random) {
    this.time = time;
    this.curve = curve;
    this.speed = speed;
    this.random = random;
  }

  double speed() {
    return speed;
  }

  long batches() {
    return batches;
  }

  long served() {
    return served;
  }

  /** A request arrives; the answer is told with the load at that moment. */
  void accept(Consumer<LoadReport> answer) {
    waiting.add(answer);
    work();
  }

  /** The load without the request that asks. */
  LoadReport report() {
    int inFlight = waiting.size() + running;
    double work = waiting.size() * (double) curve.nanosPerRequest() / speed / curve.instances();
    return new LoadReport(inFlight, (long) work, (double) busy / curve.instances());
  }

  private void work() {
    while (busy < curve.instances() && !waiting.isEmpty()) {
      List<Consumer<LoadReport>> batch = new ArrayList<>();
      while (batch.size() < curve.maxBatch() && !waiting.isEmpty()) {
        batch.add(waiting.remove());
      }
      busy++;
      batches++;
      running += batch.size();
      double nanos = (curve.fixedNanos() + (double) curve.nanosPerRequest() * batch.size()) / speed;
      // A tail as real ones have: garbage collection, neighbours, page faults.
      double noise = Math.exp(0.25 * random.nextGaussian());
      time.after((long) (nanos * noise), () -> finish(batch));
    }
  }

  private void finish(List<Consumer<LoadReport>> batch) {
    busy--;
    running -= batch.size();
    served += batch.size();
    work();
    LoadReport now = report();
    batch.forEach(answer -> answer.accept(now));
  }
}
