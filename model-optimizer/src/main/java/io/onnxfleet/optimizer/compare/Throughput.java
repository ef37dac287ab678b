package io.onnxfleet.optimizer.compare;

import io.onnxfleet.optimizer.runtime.InputSpec;
import io.onnxfleet.optimizer.runtime.RunnableModel;
import io.onnxfleet.optimizer.runtime.TensorValue;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;

/**
 * Runs models in turn, over and over, so that whatever else the machine does meets all of them
 * alike; what counts is the median of the ratios of neighbouring turns.
 */
public final class Throughput {
  private static final int WARM_UP_RUNS = 2;

  /** A turn is at least this long, so that the clock and a single hiccup do not count. */
  private static final Duration SHORTEST_TURN = Duration.ofMillis(100);

  private final LongSupplier nanoTime;
  private final int rounds;

  public Throughput(LongSupplier nanoTime, int rounds) {
    this.nanoTime = nanoTime;
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
        runs[model] = runsPerTurn(models.get(model), inputs.get(model));
      }
      double[][] seconds = new double[models.size()][rounds];
      for (int round = 0; round < rounds; round++) {
        for (int turn = 0; turn < runs.length; turn++) {
          // Every other round backwards: neighbours change sides.
          int model = round % 2 == 0 ? turn : runs.length - 1 - turn;
          seconds[model][round] = time(models.get(model), inputs.get(model), runs[model]);
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

  private int runsPerTurn(RunnableModel model, RunnableModel.Inputs inputs) {
    for (int run = 0; run < WARM_UP_RUNS; run++) {
      model.exercise(inputs);
    }
    double once = time(model, inputs, 1);
    return (int) Math.clamp(Math.ceil(SHORTEST_TURN.toNanos() / 1e9 / once), 1, 100_000);
  }

  /** Seconds of one run. */
  private double time(RunnableModel model, RunnableModel.Inputs inputs, int runs) {
    long from = nanoTime.getAsLong();
    for (int run = 0; run < runs; run++) {
      model.exercise(inputs);
    }
    return Math.max(1, nanoTime.getAsLong() - from) / 1e9 / runs;
  }

  static double median(double[] values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    int middle = sorted.length / 2;
    return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  }
}
