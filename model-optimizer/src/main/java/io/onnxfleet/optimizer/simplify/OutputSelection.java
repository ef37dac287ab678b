package io.onnxfleet.optimizer.simplify;

import io.onnxfleet.optimizer.OptimizerException;
import io.onnxfleet.optimizer.graph.OnnxModel;
import io.onnxfleet.optimizer.pass.GraphPass;
import io.onnxfleet.optimizer.pass.PassReport;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** Drops outputs. What only they needed stays until {@link UnusedRemoval}. */
public final class OutputSelection implements GraphPass {
  private final Set<String> kept;

  public OutputSelection(Set<String> kept) {
    this.kept = new LinkedHashSet<>(kept);
  }

  @Override
  public String name() {
    return "keep-outputs";
  }

  @Override
  public Map<String, Object> parameters() {
    return Map.of("kept", new TreeSet<>(kept));
  }

  /**
   * Changes a model.
   *
   * @throws OptimizerException if one of the names is no output
   */
  @Override
  public PassReport apply(OnnxModel model) {
    model.graph().keepOutputs(kept);
    return List::of;
  }
}
