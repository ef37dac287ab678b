package io.onnxfleet.optimizer.head;

import com.google.errorprone.annotations.FormatMethod;
import com.google.errorprone.annotations.FormatString;
import io.onnxfleet.optimizer.sample.labelled.LabelledSplit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import tools.jackson.databind.json.JsonMapper;

/**
 * What came of the training of a head, for people and for programs.
 *
 * @param model the embedder's name
 * @param windowLength tokens that it takes at once
 */
public record HeadReport(
    String model,
    int windowLength,
    LabelledSplit split,
    HeadTraining.Trained trained,
    Judgement judgement) {
  private static final int MOST_SHOWN = 10;

  /** For people. */
  public List<String> lines() {
    ConfusionMatrix matrix = judgement.matrix();
    List<String> lines = new ArrayList<>();
    lines.add(
        line(
            "trained on %d texts of %d labels, C = %s%s, %d iterations",
            split.training().size(),
            matrix.labels().size(),
            trained.inverseRegularization(),
            trained.crossValidated().isEmpty()
                ? ""
                : " by cross-validation " + trained.crossValidated(),
            trained.iterations()));
    if (!trained.converged()) {
      lines.add("the training ended before it was done: more could be reached");
    }
    lines.add(
        line(
            "held out (%s): %d of %d texts right, accuracy %.4f, macro F1 %.4f; the commonest label"
                + " alone: %.4f",
            split.origin(),
            matrix.right(),
            matrix.texts(),
            matrix.accuracy(),
            matrix.macroF1(),
            matrix.commonest()));
    if (judgement.unknownTexts() > 0) {
      lines.add(
          line(
              "left out of this: %d texts of labels that there are none of to train on: %s; counted"
                  + " as wrong, the accuracy is %.4f",
              judgement.unknownTexts(), judgement.unknown(), judgement.accuracyOfAll()));
    }
    if (!judgement.unjudged().isEmpty()) {
      lines.add("labels that no held-out text has: " + judgement.unjudged());
    }
    if (split.seenBefore() > 0) {
      lines.add(
          line(
              "%d of the held-out texts stand among those to train on too, which flatters",
              split.seenBefore()));
    }
    for (ConfusionMatrix.Confusion one : matrix.worst(MOST_SHOWN)) {
      lines.add(line("  %4d  %s taken for %s", one.texts(), one.label(), one.given()));
    }
    return lines;
  }

  /** The same and the whole confusion matrix, for programs. */
  public String json() {
    ConfusionMatrix matrix = judgement.matrix();
    Map<String, Object> training = new LinkedHashMap<>();
    training.put("texts", split.training().size());
    training.put("labels", matrix.labels().size());
    training.put("inverseRegularization", trained.inverseRegularization());
    training.put("crossValidatedAccuracy", trained.crossValidated());
    training.put("iterations", trained.iterations());
    training.put("converged", trained.converged());
    Map<String, Object> held = new LinkedHashMap<>();
    held.put("origin", split.origin());
    held.put("texts", matrix.texts());
    held.put("right", matrix.right());
    held.put("accuracy", matrix.accuracy());
    held.put("macroF1", matrix.macroF1());
    held.put("commonestLabelAlone", matrix.commonest());
    held.put("textsOfUnknownLabels", judgement.unknown());
    held.put("accuracyWithThoseAsWrong", judgement.accuracyOfAll());
    held.put("labelsWithoutTexts", judgement.unjudged());
    held.put("textsAlsoTrainedOn", split.seenBefore());
    Map<String, Object> report = new LinkedHashMap<>();
    report.put("embedder", model);
    report.put("windowLength", windowLength);
    report.put("training", training);
    report.put("heldOut", held);
    report.put("labels", matrix.labels());
    report.put("confusionMatrix", matrix.counts());
    return JsonMapper.builder().build().writerWithDefaultPrettyPrinter().writeValueAsString(report);
  }

  @FormatMethod
  private static String line(@FormatString String format, Object... arguments) {
    return String.format(Locale.ROOT, format, arguments);
  }
}
