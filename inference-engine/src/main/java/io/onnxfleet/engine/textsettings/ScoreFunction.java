package io.onnxfleet.engine.textsettings;

import java.util.Arrays;
import java.util.Optional;

/** How a head's logits become scores, by the name that {@code config.json} gives the problem. */
public enum ScoreFunction {
  /** One label is right: the scores of all add up to 1. */
  SOFTMAX("single_label_classification"),

  /** Each label is right or not by itself: 0 to 1. */
  SIGMOID("multi_label_classification"),

  /** Logits are numbers that mean something as they are. */
  IDENTITY("regression");

  private final String problem;

  ScoreFunction(String problem) {
    this.problem = problem;
  }

  /** The name of the problem. */
  public String problem() {
    return problem;
  }

  /** What that problem asks for; empty if it is not known. */
  static Optional<ScoreFunction> of(String problem) {
    return Arrays.stream(values()).filter(each -> each.problem.equals(problem)).findFirst();
  }

  /** Scores of finite logits. */
  public double[] scores(double... logits) {
    double[] scores = new double[logits.length];
    switch (this) {
      case SIGMOID -> {
        for (int index = 0; index < logits.length; index++) {
          scores[index] = sigmoid(logits[index]);
        }
      }
      case SOFTMAX -> {
        double largest = Arrays.stream(logits).max().orElse(0);
        double sum = 0;
        for (int index = 0; index < logits.length; index++) {
          scores[index] = Math.exp(logits[index] - largest);
          sum += scores[index];
        }
        for (int index = 0; index < logits.length; index++) {
          scores[index] /= sum;
        }
      }
      case IDENTITY -> System.arraycopy(logits, 0, scores, 0, logits.length);
    }
    return scores;
  }

  /** 0 to 1. */
  public static double sigmoid(double logit) {
    return 1 / (1 + Math.exp(-logit));
  }
}
