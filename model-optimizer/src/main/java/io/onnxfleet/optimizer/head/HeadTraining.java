package io.onnxfleet.optimizer.head;

import io.onnxfleet.optimizer.OptimizerException;
import io.onnxfleet.optimizer.algebra.LimitedMemoryBfgs;
import io.onnxfleet.optimizer.sample.labelled.LabelledSplit;
import io.onnxfleet.optimizer.sample.labelled.LabelledText;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.TreeSet;
import java.util.function.BiConsumer;

/**
 * Trains a head by multinomial logistic regression on all texts at once. The same texts, vectors
 * and seed give the same head, bit for bit. Stateless, thread-safe.
 */
public final class HeadTraining {
  /** What is tried where the strength of the regularization is not stated. */
  static final List<Double> CANDIDATES = List.of(0.1, 1.0, 10.0, 100.0);

  private static final int FOLDS = 5;

  /** On the mean loss of a text. */
  private static final double TOLERANCE = 1e-6;

  private static final int MOST_ITERATIONS = 2000;

  /** Of all weights, that the training holds at once: gradients in parts, and what L-BFGS keeps. */
  private static final int VECTORS = 48;

  private final OptionalDouble inverseRegularization;
  private final long seed;

  /**
   * @param inverseRegularization scikit-learn's C; empty to choose by cross-validation, which sees
   *     nothing but the texts to train on
   * @param seed of the parts of that
   */
  public HeadTraining(OptionalDouble inverseRegularization, long seed) {
    if (inverseRegularization.isPresent()
        && !(inverseRegularization.getAsDouble() > 0
            && Double.isFinite(inverseRegularization.getAsDouble()))) {
      throw new OptimizerException(
          "C: %s (expected: above 0)".formatted(inverseRegularization.getAsDouble()));
    }
    this.inverseRegularization = inverseRegularization;
    this.seed = seed;
  }

  /**
   * A trained head.
   *
   * @param inverseRegularization the C that it was trained with
   * @param crossValidated the accuracy of each C that was tried; empty if it was stated
   * @param iterations of the minimization
   * @param converged false if that ended before it was at the minimum
   */
  public record Trained(
      Head head,
      double inverseRegularization,
      Map<Double, Double> crossValidated,
      int iterations,
      boolean converged) {}

  /**
   * Trains.
   *
   * @param vectors of the texts, in their order
   * @param progress told what is being done and the share of it that is done
   * @throws OptimizerException if there are fewer than two labels
   */
  public Trained train(
      List<LabelledText> texts, float[][] vectors, BiConsumer<String, Double> progress) {
    List<String> labels =
        List.copyOf(new TreeSet<>(texts.stream().map(LabelledText::label).toList()));
    if (labels.size() < 2) {
      throw new OptimizerException(
          "%d labels in the texts to train on: %s (expected: 2 or more)"
              .formatted(labels.size(), labels));
    }
    requireRoom(labels.size(), vectors[0].length);
    int[] wanted = texts.stream().mapToInt(text -> labels.indexOf(text.label())).toArray();
    Map<Double, Double> tried = new LinkedHashMap<>();
    double strength =
        inverseRegularization.orElseGet(
            () -> choose(texts, vectors, wanted, labels, tried, progress));
    progress.accept("training", 0.0);
    LimitedMemoryBfgs.Minimum minimum = minimum(vectors, wanted, labels.size(), strength);
    return new Trained(
        head(labels, minimum.point(), vectors[0].length),
        strength,
        tried,
        minimum.iterations(),
        minimum.converged());
  }

  private static void requireRoom(int labels, int dimensions) {
    long needed = 8L * VECTORS * labels * (dimensions + 1);
    long most = Runtime.getRuntime().maxMemory() / 2;
    if (needed > most) {
      throw new OptimizerException(
          "%d labels on vectors of %d numbers take %d MB to train (expected: <= %d MB, fewer labels)"
              .formatted(labels, dimensions, needed >> 20, most >> 20));
    }
  }

  private static LimitedMemoryBfgs.Minimum minimum(
      float[][] vectors, int[] wanted, int labels, double strength) {
    SoftmaxLoss loss = new SoftmaxLoss(vectors, wanted, labels, strength);
    return new LimitedMemoryBfgs(TOLERANCE, MOST_ITERATIONS)
        .minimize(loss, new double[loss.parameters()]);
  }

  private static Head head(List<String> labels, double[] point, int dimensions) {
    int count = labels.size();
    float[] weights = new float[dimensions * count];
    for (int index = 0; index < weights.length; index++) {
      weights[index] = (float) point[index];
    }
    float[] bias = new float[count];
    for (int label = 0; label < count; label++) {
      bias[label] = (float) point[weights.length + label];
    }
    return new Head(labels, weights, bias);
  }

  /** The C of the best accuracy on parts that were kept out; of equal ones the smallest. */
  private double choose(
      List<LabelledText> texts,
      float[][] vectors,
      int[] wanted,
      List<String> labels,
      Map<Double, Double> tried,
      BiConsumer<String, Double> progress) {
    List<List<Integer>> folds = LabelledSplit.folds(texts, FOLDS, seed);
    double best = CANDIDATES.getFirst();
    double bestAccuracy = -1;
    for (double candidate : CANDIDATES) {
      int right = 0;
      for (List<Integer> fold : folds) {
        progress.accept("choosing C", (double) tried.size() / CANDIDATES.size());
        right += right(fold, vectors, wanted, labels, candidate);
      }
      double accuracy = (double) right / texts.size();
      tried.put(candidate, accuracy);
      if (accuracy > bestAccuracy) {
        best = candidate;
        bestAccuracy = accuracy;
      }
    }
    return best;
  }

  private static int right(
      List<Integer> fold, float[][] vectors, int[] wanted, List<String> labels, double strength) {
    List<Integer> others = new ArrayList<>();
    boolean[] kept = new boolean[vectors.length];
    fold.forEach(place -> kept[place] = true);
    for (int place = 0; place < kept.length; place++) {
      if (!kept[place]) {
        others.add(place);
      }
    }
    if (others.isEmpty()) {
      return 0;
    }
    float[][] training = others.stream().map(place -> vectors[place]).toArray(float[][]::new);
    int[] trainingLabels = others.stream().mapToInt(place -> wanted[place]).toArray();
    Head head =
        head(
            labels,
            minimum(training, trainingLabels, labels.size(), strength).point(),
            vectors[0].length);
    return (int)
        fold.stream()
            .filter(place -> Head.best(head.logits(vectors[place])) == wanted[place])
            .count();
  }
}
