package io.onnxfleet.optimizer.simplify;

import io.onnxfleet.optimizer.graph.OnnxModel;
import io.onnxfleet.optimizer.pass.GraphPass;
import io.onnxfleet.optimizer.pass.PassReport;
import java.util.List;
import java.util.Map;

/** Removes what no output needs. */
public final class UnusedRemoval implements GraphPass {
  /**
   * What was done.
   *
   * @param removed nodes and constants
   */
  public record Outcome(int removed) implements PassReport {
    @Override
    public List<String> lines() {
      return removed > 0 ? List.of("unused: " + removed + " nodes and constants") : List.of();
    }

    @Override
    public boolean changed() {
      return removed > 0;
    }
  }

  @Override
  public String name() {
    return "remove-unused";
  }

  @Override
  public Map<String, Object> parameters() {
    return Map.of();
  }

  @Override
  public Outcome apply(OnnxModel model) {
    return new Outcome(model.graph().removeUnused());
  }
}
