package io.onnxfleet.optimizer.distil;

import io.onnxfleet.optimizer.OptimizerException;
import io.onnxfleet.optimizer.pass.Draft;
import io.onnxfleet.optimizer.pass.Pass;
import io.onnxfleet.optimizer.pass.PassContext;
import io.onnxfleet.optimizer.pass.PassReport;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;

/**
 * Trains a small model to answer rows of numbers as a large one does: a linear model and one of
 * pairwise factors (Tribuo) over the features, and over whether they are above thresholds, on the
 * teacher's scores for rows of samples and for rows made of them. The one that comes closer on rows
 * that were kept out is exported as ONNX, between nodes that take the teacher's inputs and give its
 * outputs; a map of class to score becomes a tensor.
 */
public final class TabularDistillation implements Pass {
  private final int rows;
  private final long seed;

  /**
   * @param rows to train on and judge by; made of the samples where they are fewer
   */
  public TabularDistillation(int rows, long seed) {
    this.rows = rows;
    this.seed = seed;
  }

  /**
   * What was made.
   *
   * @param kind of model
   * @param agreement with the teacher on rows that were kept out: the share of rows of the same
   *     class, or the share of the numbers' variance that is told
   * @param rows that it was trained on
   */
  public record Outcome(String kind, double agreement, int rows) implements PassReport {
    @Override
    public List<String> lines() {
      return List.of(
          String.format(
              Locale.ROOT,
              "%s, trained on %d rows; agreement with the teacher on rows kept out: %.4f",
              kind,
              rows,
              agreement));
    }
  }

  @Override
  public String name() {
    return "distil-tabular";
  }

  @Override
  public Map<String, Object> parameters() {
    return Map.of("rows", rows, "seed", seed);
  }

  /**
   * Makes the student.
   *
   * @throws OptimizerException if the model takes no rows of numbers, or gives one class only
   */
  @Override
  public Outcome apply(Draft draft, PassContext context) {
    TabularTraining.Student student =
        new TabularTraining(context.folder(), new Random(seed), context.progress())
            .student(draft.file(), context.samples(), rows);
    draft.become(student.model());
    return student.outcome();
  }
}
