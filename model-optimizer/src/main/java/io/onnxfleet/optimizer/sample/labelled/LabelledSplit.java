package io.onnxfleet.optimizer.sample.labelled;

import io.onnxfleet.optimizer.OptimizerException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;

/**
 * Texts to train on, and others that only judge.
 *
 * @param origin of those that judge, for people
 */
public record LabelledSplit(List<LabelledText> training, List<LabelledText> held, String origin) {
  public LabelledSplit {
    training = List.copyOf(training);
    held = List.copyOf(held);
  }

  /**
   * Keeps out a share of each label's texts, at least one and never all; the same ones for a seed.
   * What comes several times with a label is in one part only. Both parts keep the order of the
   * texts.
   *
   * @throws OptimizerException naming a label that has one text only, however often
   */
  public static LabelledSplit stratified(List<LabelledText> texts, double share, long seed) {
    if (!(share > 0 && share < 1)) {
      throw new OptimizerException(
          "held-out share: %s (expected: above 0, below 1)".formatted(share));
    }
    Map<String, List<List<Integer>>> places = places(texts);
    Random random = new Random(seed);
    Set<Integer> held = new HashSet<>();
    places.forEach(
        (label, all) -> {
          if (all.size() < 2) {
            throw new OptimizerException(
                "label '%s' has one text, in line %d (expected: 2 or more, to train on and to judge by)"
                    .formatted(label, texts.get(all.getFirst().getFirst()).line()));
          }
          Collections.shuffle(all, random);
          int size = all.stream().mapToInt(List::size).sum();
          held.addAll(heldOut(all, Math.clamp(Math.round(share * size), 1, size - 1)));
        });
    List<LabelledText> training = new ArrayList<>();
    List<LabelledText> judging = new ArrayList<>();
    for (int place = 0; place < texts.size(); place++) {
      (held.contains(place) ? judging : training).add(texts.get(place));
    }
    return new LabelledSplit(
        training, judging, "a share of %s of each label, seed %d".formatted(share, seed));
  }

  /** Equal texts as a whole, as many as there is room for, and at least one. */
  private static List<Integer> heldOut(List<List<Integer>> all, int count) {
    List<Integer> held = new ArrayList<>();
    for (List<Integer> equal : all) {
      if (held.size() + equal.size() <= count) {
        held.addAll(equal);
      }
    }
    return held.isEmpty() ? Collections.min(all, Comparator.comparingInt(List::size)) : held;
  }

  /**
   * Parts in which each label has as many different texts as the others, but for one, by their
   * places; the same ones for a seed. Equal texts of a label are in one part.
   */
  public static List<List<Integer>> folds(List<LabelledText> texts, int count, long seed) {
    List<List<Integer>> folds = new ArrayList<>();
    for (int fold = 0; fold < count; fold++) {
      folds.add(new ArrayList<>());
    }
    Random random = new Random(seed);
    int next = 0;
    for (List<List<Integer>> all : places(texts).values()) {
      Collections.shuffle(all, random);
      for (List<Integer> equal : all) {
        folds.get(next++ % count).addAll(equal);
      }
    }
    return folds;
  }

  /** How many of the texts that judge stand, word for word, among those to train on. */
  public int seenBefore() {
    Set<String> seen = new HashSet<>();
    training.forEach(text -> seen.add(text.text().strip()));
    return (int) held.stream().filter(text -> seen.contains(text.text().strip())).count();
  }

  /** By label, the places of each of its texts. */
  private static Map<String, List<List<Integer>>> places(List<LabelledText> texts) {
    Map<String, Map<String, List<Integer>>> places = new TreeMap<>();
    for (int place = 0; place < texts.size(); place++) {
      LabelledText text = texts.get(place);
      places
          .computeIfAbsent(text.label(), _ -> new LinkedHashMap<>())
          .computeIfAbsent(text.text().strip(), _ -> new ArrayList<>())
          .add(place);
    }
    Map<String, List<List<Integer>>> byLabel = new TreeMap<>();
    places.forEach((label, byText) -> byLabel.put(label, new ArrayList<>(byText.values())));
    return byLabel;
  }
}
