package io.onnxfleet.optimizer.sample;

import io.onnxfleet.optimizer.runtime.TensorValue;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;

/**
 * Samples to fit by and samples to judge by, none of which is both. This is the one place that
 * decides what an error may be stated from: inputs that nothing was fitted to, or there is no
 * statement. Fitting is whatever looks at samples: refitted layers, calibrated ranges, nodes that
 * are chosen by the error of a run.
 *
 * @param judging empty if nothing could be held back
 * @param reason why not; empty if something was
 */
public record SampleSplit(SampleSet fitting, Optional<SampleSet> judging, String reason) {
  /** One in so many samples is held back. */
  private static final int HELD_BACK = 4;

  /**
   * Two sets apart: what is fitted to does not judge.
   *
   * @param mayCut whether, if all that could judge is fitted to, a part of it may be taken away
   *     from fitting
   */
  public static SampleSplit between(
      SampleSet fitting, SampleSet judging, boolean mayCut, Random random) {
    Set<Object> fitted = new HashSet<>();
    fitting.samples().forEach(sample -> fitted.add(content(sample)));
    List<List<TensorValue>> apart =
        judging.samples().stream().filter(sample -> !fitted.contains(content(sample))).toList();
    if (!apart.isEmpty()) {
      return new SampleSplit(fitting, Optional.of(new SampleSet(judging.origin(), apart)), "");
    }
    return mayCut
        ? cut(judging, random)
        : none(fitting, "all %d samples to judge by were fitted to".formatted(judging.size()));
  }

  /** Holds back one in four; the same ones for the same seed. Equal samples stay together. */
  private static SampleSplit cut(SampleSet all, Random random) {
    Map<Object, List<List<TensorValue>>> different = new LinkedHashMap<>();
    for (List<TensorValue> sample : all.samples()) {
      different.computeIfAbsent(content(sample), _ -> new ArrayList<>()).add(sample);
    }
    if (different.size() < 2) {
      return none(all, "no samples were held back (expected: 2 or more that differ)");
    }
    List<List<List<TensorValue>>> groups = new ArrayList<>(different.values());
    Collections.shuffle(groups, random);
    int held = Math.max(1, groups.size() / HELD_BACK);
    return new SampleSplit(
        new SampleSet(all.origin(), flat(groups.subList(held, groups.size()))),
        Optional.of(new SampleSet(all.origin(), flat(groups.subList(0, held)))),
        "");
  }

  private static SampleSplit none(SampleSet fitting, String reason) {
    return new SampleSplit(fitting, Optional.empty(), reason);
  }

  private static List<List<TensorValue>> flat(List<List<List<TensorValue>>> groups) {
    return groups.stream().flatMap(List::stream).toList();
  }

  /** What two samples are compared by. */
  private static Object content(List<TensorValue> sample) {
    return sample.stream()
        .map(
            value ->
                List.of(
                    value.name(),
                    Arrays.stream(value.tensor().dimensions()).boxed().toList(),
                    value.tensor().data()))
        .toList();
  }

  /** The same with other samples to fit by, made of those. */
  public SampleSplit fittedTo(SampleSet made) {
    return new SampleSplit(made, judging, reason);
  }
}
