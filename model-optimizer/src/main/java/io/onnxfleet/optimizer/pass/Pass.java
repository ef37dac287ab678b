package io.onnxfleet.optimizer.pass;

import io.onnxfleet.optimizer.OptimizerException;
import java.util.Map;
import java.util.TreeMap;

/**
 * One rewrite of a model, with its report.
 *
 * <p>A pass is immutable: it holds its parameters and nothing of a model, so it may be applied to
 * any number of drafts. It gives the same result for the same draft, parameters and samples.
 */
public interface Pass {
  /** A verb that commands and messages know it by, such as {@code fuse}. */
  String name();

  /** What it was told, by name: two passes of the same name and parameters do the same. */
  Map<String, Object> parameters();

  /** Name and parameters on one line, always in the same order. */
  default String describe() {
    return name() + new TreeMap<>(parameters());
  }

  /**
   * Rewrites a draft.
   *
   * @return what was done
   * @throws OptimizerException if the model has nothing for this pass or its parameters do not fit
   *     the model; the draft is of no use then
   */
  PassReport apply(Draft draft, PassContext context);
}
