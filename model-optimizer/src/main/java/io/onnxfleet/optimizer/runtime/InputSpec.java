package io.onnxfleet.optimizer.runtime;

import io.onnxfleet.optimizer.graph.ElementType;
import java.util.List;
import java.util.Optional;

/**
 * What a model wants as one input.
 *
 * @param type empty if it is text, or no tensor at all
 * @param shape -1 where a dimension may vary
 */
public record InputSpec(String name, Optional<ElementType> type, List<Long> shape) {
  public InputSpec {
    shape = List.copyOf(shape);
  }
}
