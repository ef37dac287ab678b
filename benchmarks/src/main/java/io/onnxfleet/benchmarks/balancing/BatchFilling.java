package io.onnxfleet.benchmarks.balancing;

import io.onnxfleet.gateway.balancing.policy.BalancingPolicy;
import io.onnxfleet.gateway.fleet.Replica;
import io.onnxfleet.gateway.load.InFlightRequests;
import java.util.List;
import java.util.function.IntUnaryOperator;

/**
 * An experiment: fills one replica's next batch before it turns to the next replica, in the hope
 * that fuller batches use an accelerator better. Takes the candidate with the most in flight that
 * still has room in a batch, and the least loaded one where none has.
 */
final class BatchFilling implements BalancingPolicy {
  private final InFlightRequests inFlight;
  private final int batch;
  private final IntUnaryOperator random;

  BatchFilling(InFlightRequests inFlight, int batch, IntUnaryOperator random) {
    this.inFlight = inFlight;
    this.batch = batch;
    this.random = random;
  }

  @Override
  public Replica choose(String model, List<Replica> candidates) {
    int start = random.applyAsInt(candidates.size());
    Replica best = candidates.get(start);
    int most = inFlight.count(best.id());
    for (int i = 1; i < candidates.size(); i++) {
      Replica other = candidates.get((start + i) % candidates.size());
      int count = inFlight.count(other.id());
      if (most >= batch ? count < most : count > most && count < batch) {
        best = other;
        most = count;
      }
    }
    return best;
  }
}
