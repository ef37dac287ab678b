package io.onnxfleet.engine.text.classify;

import io.onnxfleet.engine.textsettings.TaskSettings;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * How much each text has of each label.
 *
 * @param logits of each text, finite, in the order of the labels
 * @param settings of the model, which name labels and say what logits mean
 * @param tokens of all texts
 * @param windows that each text was cut into, in their order
 */
public record Classified(
    List<double[]> logits, TaskSettings settings, long tokens, List<Integer> windows) {

  public Classified {
    logits = List.copyOf(logits);
    windows = List.copyOf(windows);
  }

  /** A label, and how much of it there is. */
  public record Label(String name, double score) {}

  /**
   * The labels of a text, the best first, equal ones in the model's order.
   *
   * @param raw true for logits instead of scores
   * @param most of them
   */
  public List<Label> labels(int text, boolean raw, int most) {
    double[] values = logits.get(text);
    double[] scores = raw ? values : settings.scoresOf(values.length).scores(values);
    List<Label> labels = new ArrayList<>(scores.length);
    for (int index = 0; index < scores.length; index++) {
      labels.add(new Label(settings.label(index), scores[index]));
    }
    labels.sort(Comparator.comparingDouble(Label::score).reversed());
    return labels.subList(0, Math.min(most, labels.size()));
  }
}
