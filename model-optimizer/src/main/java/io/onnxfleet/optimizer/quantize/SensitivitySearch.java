package io.onnxfleet.optimizer.quantize;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.ToDoubleFunction;

/**
 * Finds the layers that hurt most when they are quantized: each is quantized alone, and then as few
 * of the worst are left out as it takes. Not thread-safe.
 */
public final class SensitivitySearch {
  private final List<String> candidates;
  private final ToDoubleFunction<Set<String>> errorWithout;
  private final Progress progress;

  /** Told how many models were tried. */
  @FunctionalInterface
  public interface Progress {
    /** So many of at most so many. */
    void at(int done, int of);
  }

  /** A layer and the relative error of the outputs if it alone is quantized. */
  public record Sensitivity(String node, double error) {}

  /**
   * What was found.
   *
   * @param excluded the fewest layers to leave out, worst first; all of them if nothing else will
   *     do
   * @param error of the outputs then
   * @param ranking of all layers, worst first
   */
  public record Outcome(Set<String> excluded, double error, List<Sensitivity> ranking) {
    public Outcome {
      excluded = new LinkedHashSet<>(excluded);
      ranking = List.copyOf(ranking);
    }
  }

  /**
   * @param candidates names of layers
   * @param errorWithout the outputs' relative error when all but these are quantized
   */
  public SensitivitySearch(
      List<String> candidates, ToDoubleFunction<Set<String>> errorWithout, Progress progress) {
    this.candidates = List.copyOf(candidates);
    this.errorWithout = errorWithout;
    this.progress = progress;
  }

  /** Searches for an error of at most so much. */
  public Outcome run(double targetError) {
    int most = candidates.size() + Integer.SIZE - Integer.numberOfLeadingZeros(candidates.size());
    int done = 0;
    List<Sensitivity> ranking = new ArrayList<>();
    for (String candidate : candidates) {
      Set<String> others = new HashSet<>(candidates);
      others.remove(candidate);
      ranking.add(new Sensitivity(candidate, errorWithout.applyAsDouble(others)));
      progress.at(++done, most);
    }
    ranking.sort(Comparator.comparingDouble(Sensitivity::error).reversed());
    // Fewer left out never loses less, so halving finds the place.
    int enough = candidates.size();
    int tooFew = -1;
    double error = Double.NaN;
    while (enough - tooFew > 1) {
      int middle = tooFew + (enough - tooFew) / 2;
      double found = errorWithout.applyAsDouble(worst(ranking, middle));
      progress.at(Math.min(++done, most), most);
      if (found <= targetError) {
        enough = middle;
        error = found;
      } else {
        tooFew = middle;
      }
    }
    Set<String> excluded = worst(ranking, enough);
    return new Outcome(
        excluded, Double.isNaN(error) ? errorWithout.applyAsDouble(excluded) : error, ranking);
  }

  private static Set<String> worst(List<Sensitivity> ranking, int count) {
    Set<String> nodes = new LinkedHashSet<>();
    ranking.subList(0, count).forEach(sensitivity -> nodes.add(sensitivity.node()));
    return nodes;
  }
}
