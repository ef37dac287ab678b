package io.onnxfleet.engine.repository;

import io.onnxfleet.engine.error.InferenceException;
import io.onnxfleet.engine.runtime.GraphCache;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Chooses how a model's CPUs are split into instances and threads of each, by trying the splits on
 * the machine for a moment.
 *
 * <ul>
 *   <li>What was chosen is kept by the model's content, the runtime's version and the processor, so
 *       that each model is tried once on each machine.
 *   <li>The usual split, first of the candidates, stays unless another is faster by more than
 *       {@value #LEAST_GAIN_PERCENT} %, which is what such a short trial can tell from noise.
 *   <li>At most {@value #MOST_CANDIDATES} splits are tried.
 * </ul>
 *
 * <p>Thread-safe.
 */
final class ThreadBudget {
  static final int LEAST_GAIN_PERCENT = 5;
  static final int MOST_CANDIDATES = 5;

  private static final Logger log = LoggerFactory.getLogger(ThreadBudget.class);
  private static final String NOTE = "threads";

  private final GraphCache notes;

  ThreadBudget(GraphCache notes) {
    this.notes = notes;
  }

  /** So many instances of so many threads each. */
  record Split(int instances, int threads) {
    @Override
    public String toString() {
      return instances + "x" + threads;
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

  /** The split to use: the one noted, or else the fastest, which is then noted. */
  Split choose(Path modelFile, List<Split> candidates, Trial trial) {
    Split usual = candidates.getFirst();
    if (candidates.size() == 1) {
      return usual;
    }
    String name = "%s-%s".formatted(NOTE, candidates);
    Optional<String> noted = notes.note(modelFile, name);
    if (noted.isPresent()) {
      return candidates.stream()
          .filter(split -> split.toString().equals(noted.get()))
          .findFirst()
          .orElse(usual);
    }
    Split best = usual;
    double rateToBeat = 0;
    List<String> tried = new ArrayList<>();
    try {
      for (Split split : candidates) {
        double rate = trial.runsPerSecond(split);
        tried.add(String.format(Locale.ROOT, "%s %.1f", split, rate));
        if (split.equals(usual)) {
          rateToBeat = rate * (100 + LEAST_GAIN_PERCENT) / 100;
        } else if (rate > rateToBeat) {
          best = split;
          rateToBeat = rate;
        }
      }
    } catch (InferenceException failure) {
      log.info("{}: splits of its CPUs are not tried: {}", modelFile, failure.getMessage());
      return usual;
    }
    log.info("{}: runs/s of instances x threads: {}; {} is used", modelFile, tried, best);
    notes.note(modelFile, name, best.toString());
    return best;
  }
}
