package io.onnxfleet.optimizer.distil;

import io.onnxfleet.optimizer.OptimizerException;
import io.onnxfleet.optimizer.pass.Draft;
import io.onnxfleet.optimizer.pass.Pass;
import io.onnxfleet.optimizer.pass.PassContext;
import io.onnxfleet.optimizer.pass.PassReport;
import java.util.List;
import java.util.Map;

/**
 * Drops layers of a transformer encoder and puts one linear map in the place of each run of them,
 * fitted in closed form so that what it gives over the samples' tokens comes closest to what the
 * teacher's layers gave. Layers go one after the other, each time the one without which the answers
 * are closest. In the end the maps are fitted anew, from the inputs on, each to what the student
 * itself gives it, and a last one to the teacher's outputs.
 *
 * <p>It works on encoders whose layers end with a normalization, as BERT and its kin.
 */
public final class LayerDistillation implements Pass {
  private final int count;
  private final boolean kept;

  private LayerDistillation(int count, boolean kept) {
    this.count = count;
    this.kept = kept;
  }

  /** Keeps so many layers, at least 1 and fewer than there are. */
  public static LayerDistillation keeping(int layers) {
    return new LayerDistillation(layers, true);
  }

  /** Drops so many layers, at least 1 and fewer than there are. */
  public static LayerDistillation dropping(int layers) {
    return new LayerDistillation(layers, false);
  }

  /**
   * What was made.
   *
   * @param layers of the teacher
   * @param dropped which of them, counted from 0
   */
  public record Outcome(int layers, List<Integer> dropped) implements PassReport {
    public Outcome {
      dropped = List.copyOf(dropped);
    }

    @Override
    public List<String> lines() {
      return List.of("layers: %d, without %s".formatted(layers, dropped));
    }
  }

  @Override
  public String name() {
    return "distil-layers";
  }

  @Override
  public Map<String, Object> parameters() {
    return Map.of(kept ? "keep" : "drop", count);
  }

  /**
   * Makes the student.
   *
   * @throws OptimizerException if the teacher has too few layers
   */
  @Override
  public Outcome apply(Draft draft, PassContext context) {
    LayerFitting.Made made =
        new LayerFitting(context.samples(), context.folder(), context.progress())
            .student(draft.file(), layers -> kept ? count : layers - count);
    draft.become(made.model());
    return made.outcome();
  }
}
