package io.onnxfleet.optimizer.compare;

import io.onnxfleet.optimizer.runtime.InputSpec;
import io.onnxfleet.optimizer.runtime.RunnableModel;
import io.onnxfleet.optimizer.runtime.TensorValue;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Runs models in turn, over and over, so that whatever else the machine does meets all of them
 * alike; what counts is the median of the ratios of neighbouring turns.
 */
public final class Throughput {
  private static final int WARM_UP_RUNS = 2;

  /** A turn is at least this long, so that the clock and a single hiccup do not count. */
  private static final Duration SHORTEST_TURN = Duration.ofMillis(100);

  private final int rounds;

  public Throughput(int rounds) {
    this.rounds = rounds;
  }

  /**
   * One model's speed.
   *
   * @param rowsPerSecond median over the rounds
   * @param latency of one run, median over the rounds
   * @param ratio to the first model's rows a second, median over the rounds
   */
  public record Speed(double rowsPerSecond, Duration latency, double ratio) {}

  /**
   * Measures.
   *
   * @param models the one that ratios are to first; each is given what it takes of the batch
   */
  public List<Speed> measure(List<RunnableModel> models, List<TensorValue> batch, int rows) {
    List<RunnableModel.Inputs> inputs = new ArrayList<>();
    try {
      for (RunnableModel model : models) {
        Set<String> taken =
            model.inputs().stream().map(InputSpec::name).collect(Collectors.toSet());
        inputs.add(
            model.prepare(batch.stream().filter(value -> taken.contains(value.name())).toList()));
      }
      int[] runs = new int[models.size()];
      for (int model = 0; model < runs.length; model++) {
        runs[model] = runsPerTurn(inputs.get(model));
      }
      double[][] seconds = new double[models.size()][rounds];
      for (int round = 0; round < rounds; round++) {
        for (int turn = 0; turn < runs.length; turn++) {
          // Every other round backwards: neighbours change sides.
          int model = round % 2 == 0 ? turn : runs.length - 1 - turn;
          seconds[model][round] = time(inputs.get(model), runs[model]);
        }
      }
      List<Speed> speeds = new ArrayList<>();
      for (double[] own : seconds) {
        double[] ratios = new double[rounds];
        for (int round = 0; round < rounds; round++) {
          ratios[round] = seconds[0][round] / own[round];
        }
        double median = median(own);
        speeds.add(
            new Speed(rows / median, Duration.ofNanos(Math.round(median * 1e9)), median(ratios)));
      }
      return speeds;
    } finally {
      inputs.forEach(RunnableModel.Inputs::close);
    }
  }

  private static int runsPerTurn(RunnableModel.Inputs inputs) {
    double _ = time(inputs, WARM_UP_RUNS);
    double once = time(inputs, 1);
    return (int) Math.clamp(Math.ceil(SHORTEST_TURN.toNanos() / 1e9 / once), 1, 100_000);
  }

  /** Seconds of one run. */
  private static double time(RunnableModel.Inputs inputs, int runs) {
    return inputs.exercise(runs) / 1e9 / runs;
  }

  static double median(double[] values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    int middle = sorted.length / 2;
    return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  }
}
