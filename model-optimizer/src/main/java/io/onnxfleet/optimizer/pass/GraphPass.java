package io.onnxfleet.optimizer.pass;

import io.onnxfleet.optimizer.OptimizerException;
import io.onnxfleet.optimizer.graph.OnnxModel;

/** A pass that looks at nothing but the graph: no samples, no run of the model, no files. */
public interface GraphPass extends Pass {
  /**
   * Changes a model in place.
   *
   * @throws OptimizerException as {@link Pass#apply}
   */
  PassReport apply(OnnxModel model);

  @Override
  default PassReport apply(Draft draft, PassContext context) {
    return apply(draft.model());
  }
}
