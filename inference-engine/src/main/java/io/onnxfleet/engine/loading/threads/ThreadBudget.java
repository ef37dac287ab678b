package io.onnxfleet.engine.loading.threads;

import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.notes.ModelNotes;
import io.onnxfleet.engine.repository.ContentDigest;
import io.onnxfleet.engine.runtime.Processor;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Chooses how a model's CPUs are split into instances and threads of each, by trying the splits on
 * the machine for a moment.
 *
 * <ul>
 *   <li>What was chosen is kept by the model's content and the processor, so that each model is
 *       tried once on each machine.
 *   <li>The usual split, first of the candidates, stays unless another is faster by more than
 *       {@value #LEAST_GAIN_PERCENT} %, which is what such a short trial can tell from noise.
 *   <li>At most {@value #MOST_CANDIDATES} splits are tried, and the best once more with threads
 *       that spin for work. Those take CPUs from all else, which the trial does not see, so that
 *       they must be faster by more than {@value #SPINNING_GAIN_PERCENT} %.
 * </ul>
 *
 * <p>Thread-safe.
 */
public final class ThreadBudget {
  static final int LEAST_GAIN_PERCENT = 5;
  static final int SPINNING_GAIN_PERCENT = 20;
  static final int MOST_CANDIDATES = 5;

  private static final Logger log = LoggerFactory.getLogger(ThreadBudget.class);
  private static final String NOTE = "threads-or-spinning";

  private final ModelNotes notes;
  private final String model;

  /**
   * Of one model.
   *
   * @param model what the log calls it
   */
  public ThreadBudget(ModelNotes notes, String model) {
    this.notes = notes;
    this.model = model;
  }

  /** So many instances of so many threads each, which may spin for work. */
  public record Split(int instances, int threads, boolean spins) {
    public Split(int instances, int threads) {
      this(instances, threads, false);
    }

    public Split spinning() {
      return new Split(instances, threads, true);
    }

    @Override
    public String toString() {
      return instances + "x" + threads + (spins ? " spinning" : "");
    }
  }

  /** Tries a split. */
  @FunctionalInterface
  interface Trial {
    /**
     * Runs a second with that split.
     *
     * @throws InferenceException if the model cannot be tried
     */
    double runsPerSecond(Split split);
  }

  /**
   * The splits worth a trial, the usual one first.
   *
   * @param instances how many there must be, or 0 if that is open
   */
  static List<Split> candidates(int cpus, int instances) {
    Set<Split> candidates = new LinkedHashSet<>();
    if (instances > 0) {
      int share = Math.max(1, cpus / instances);
      candidates.add(new Split(instances, share));
      candidates.add(new Split(instances, 1));
      candidates.add(new Split(instances, cpus));
    } else {
      for (int threads = 1; threads <= cpus; threads++) {
        boolean isWorth = threads == cpus || Integer.bitCount(threads) == 1;
        if (cpus % threads == 0 && isWorth) {
          candidates.add(new Split(cpus / threads, threads));
        }
      }
    }
    return candidates.stream().limit(MOST_CANDIDATES).toList();
  }

  /** All that may be chosen from, with threads that wait and with threads that spin. */
  public static Stream<Split> choices(List<Split> candidates) {
    return candidates.stream().flatMap(split -> Stream.of(split, split.spinning()));
  }

  /** What was chosen before, or what no trial is needed for. */
  public Optional<Split> known(ContentDigest content, List<Split> candidates) {
    Split usual = candidates.getFirst();
    if (candidates.size() == 1) {
      return Optional.of(usual);
    }
    return notes
        .read(content.model(), nameOf(candidates))
        .map(
            noted ->
                choices(candidates)
                    .filter(split -> split.toString().equals(noted))
                    .findFirst()
                    .orElse(usual));
  }

  /** The split to use: the one known, or else the fastest, which is then noted. */
  public Split choose(ContentDigest content, List<Split> candidates, Trial trial) {
    return known(content, candidates).orElseGet(() -> fastest(content, candidates, trial));
  }

  private Split fastest(ContentDigest content, List<Split> candidates, Trial trial) {
    Split usual = candidates.getFirst();
    Split best = usual;
    double bestRate = 0;
    double rateToBeat = 0;
    List<String> tried = new ArrayList<>();
    try {
      for (Split split : candidates) {
        double rate = trial.runsPerSecond(split);
        tried.add(told(split, rate));
        if (split.equals(usual)) {
          bestRate = rate;
          rateToBeat = above(rate, LEAST_GAIN_PERCENT);
        } else if (rate > rateToBeat) {
          best = split;
          bestRate = rate;
          rateToBeat = rate;
        }
      }
      if (best.threads() > 1) {
        double rate = trial.runsPerSecond(best.spinning());
        tried.add(told(best.spinning(), rate));
        best = rate > above(bestRate, SPINNING_GAIN_PERCENT) ? best.spinning() : best;
      }
    } catch (InferenceException failure) {
      log.info("{}: splits of its CPUs are not tried: {}", model, failure.getMessage());
      return usual;
    }
    log.info("{}: runs/s of instances x threads: {}; {} is used", model, tried, best);
    notes.write(content.model(), nameOf(candidates), best.toString());
    return best;
  }

  private static String nameOf(List<Split> candidates) {
    return "%s %s %s".formatted(NOTE, candidates, Processor.id());
  }

  private static String told(Split split, double rate) {
    return String.format(Locale.ROOT, "%s %.1f", split, rate);
  }

  private static double above(double rate, int percent) {
    return rate * (100 + percent) / 100;
  }
}
