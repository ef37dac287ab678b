package io.onnxfleet.optimizer.precision;

import io.onnxfleet.optimizer.OptimizerException;
import io.onnxfleet.optimizer.compare.OutputError;
import io.onnxfleet.optimizer.graph.OnnxModel;
import io.onnxfleet.optimizer.pass.Draft;
import io.onnxfleet.optimizer.pass.Pass;
import io.onnxfleet.optimizer.pass.PassContext;
import io.onnxfleet.optimizer.pass.PassReport;
import io.onnxfleet.optimizer.runtime.RunnableModel;
import io.onnxfleet.optimizer.runtime.SessionSettings;
import io.onnxfleet.optimizer.sample.SampleSet;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/**
 * Converts a model to half precision. Nodes whose numbers overflow FP16 over the samples stay in
 * FP32 without more ado. Then the model is run, and so is one that rounds as a GPU would, because
 * on a CPU ONNX Runtime computes FP16 in FP32; if one loses too much, halving what is converted
 * finds the nodes that are to blame.
 */
public final class PrecisionConversion implements Pass {
  private final PrecisionOptions options;

  public PrecisionConversion(PrecisionOptions options) {
    this.options = options;
  }

  /**
   * What came of it.
   *
   * @param options as it was told
   * @param converted how many nodes compute in 16 bits, or how many weights are stored so
   * @param of how many there are that could
   * @param overflowing descriptions of the nodes that stay in FP32 because their numbers overflow
   * @param inexact descriptions of those that do because the outputs would be off
   * @param unfit those that do because ONNX Runtime refuses the model otherwise, or crashes
   * @param error over the samples that the nodes were chosen by
   * @param check measures over others
   */
  public record Outcome(
      PrecisionOptions options,
      OnnxModel model,
      int converted,
      int of,
      List<String> overflowing,
      List<String> inexact,
      List<Unfit> unfit,
      OutputError error,
      Check check)
      implements PassReport {
    public Outcome {
      overflowing = List.copyOf(overflowing);
      inexact = List.copyOf(inexact);
      unfit = List.copyOf(unfit);
    }

    @Override
    public List<String> lines() {
      List<String> lines = new ArrayList<>();
      lines.add(
          "%s: %d of %d %s"
              .formatted(
                  options.precision() == Precision.BF16 ? "bf16" : "fp16",
                  converted,
                  of,
                  options.storesWeights() ? "weights" : "nodes"));
      if (!overflowing.isEmpty()) {
        lines.add("in FP32 as they overflow: " + String.join(", ", overflowing));
      }
      if (!inexact.isEmpty()) {
        lines.add("in FP32 as they lose too much: " + String.join(", ", inexact));
      }
      unfit.forEach(node -> lines.add("in FP32: " + node));
      return lines;
    }
  }

  /** Measures a result, as long as the folder that it was made in is there. */
  @FunctionalInterface
  public interface Check {
    /**
     * The error over other samples than those that the result was chosen by: the larger of the
     * model's own and that of one that rounds as a GPU would.
     */
    OutputError over(RunnableModel original, SampleSet samples);
  }

  /**
   * A node that ONNX Runtime does not take in FP16.
   *
   * @param reason what it says, or how it crashed
   */
  public record Unfit(String node, String reason, boolean crashed) {
    @Override
    public String toString() {
      return "%s %s: %s".formatted(node, crashed ? "crashes ONNX Runtime" : "is not taken", reason);
    }
  }

  @Override
  public String name() {
    return "convert";
  }

  @Override
  public Map<String, Object> parameters() {
    return Map.of(
        "precision",
        options.precision(),
        "keep-io",
        options.keepIo(),
        "weights-only",
        options.weightsOnly(),
        "blocked-operators",
        new TreeSet<>(options.blockedOperators()),
        "blocked-nodes",
        new TreeSet<>(options.blockedNodes()),
        "max-relative-error",
        options.maxRelativeError());
  }

  /**
   * Converts.
   *
   * @throws OptimizerException if nothing can be converted or the outputs would be off by more than
   *     allowed; a node is named
   */
  @Override
  public Outcome apply(Draft draft, PassContext context) {
    Conversion conversion =
        new Conversion(
            draft.file(),
            context.folder(),
            options,
            done -> context.progress().at("model " + done, 0, 1));
    try (RunnableModel original = RunnableModel.open(context.original(), SessionSettings.DEFAULT)) {
      Outcome outcome = conversion.run(original, context.samples());
      draft.become(outcome.model());
      return outcome;
    }
  }
}
