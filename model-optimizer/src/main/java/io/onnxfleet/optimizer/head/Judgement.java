package io.onnxfleet.optimizer.head;

import io.onnxfleet.optimizer.sample.labelled.LabelledText;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What a classifier says of texts that it was not trained on.
 *
 * @param matrix of the texts whose label it knows
 * @param unknown by label, how many texts have one that it does not know: it cannot be right there
 */
public record Judgement(ConfusionMatrix matrix, Map<String, Integer> unknown) {
  /**
   * @param logits of each text, in the order of the labels
   */
  static Judgement of(List<String> labels, List<LabelledText> texts, float[][] logits) {
    ConfusionMatrix matrix = ConfusionMatrix.of(labels);
    Map<String, Integer> unknown = new TreeMap<>();
    for (int place = 0; place < logits.length; place++) {
      String label = texts.get(place).label();
      int wanted = labels.indexOf(label);
      if (wanted < 0) {
        unknown.merge(label, 1, Integer::sum);
      } else {
        matrix.count(wanted, Head.best(logits[place]));
      }
    }
    return new Judgement(matrix, unknown);
  }

  /** How many texts have a label that the classifier does not know. */
  public int unknownTexts() {
    return unknown.values().stream().mapToInt(Integer::intValue).sum();
  }

  /** The share of all texts that it was right about, those of unknown labels among them. */
  public double accuracyOfAll() {
    return (double) matrix.right() / (matrix.texts() + unknownTexts());
  }

  /** Labels that no judging text has. */
  public List<String> unjudged() {
    List<String> labels = new ArrayList<>();
    for (int label = 0; label < matrix.counts().length; label++) {
      int own = 0;
      for (int texts : matrix.counts()[label]) {
        own += texts;
      }
      if (own == 0) {
        labels.add(matrix.labels().get(label));
      }
    }
    return labels;
  }
}
