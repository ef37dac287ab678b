package io.onnxfleet.optimizer.auto;

import io.onnxfleet.optimizer.prune.Structure;

/** One thing that can be done to a model. */
sealed interface Step {
  /** As it is. */
  record Keep() implements Step {}

  /** A transformer's parts become one operator each. */
  record Fuse() implements Step {}

  /**
   * 8-bit weights, activations at run time.
   *
   * @param fused first
   */
  record DynamicInt8(boolean fused) implements Step {}

  /** 8-bit weights and activations, whose ranges samples show. */
  record StaticInt8() implements Step {}

  /** Half precision, but for the nodes that would lose too much. */
  record Half() implements Step {}

  /** A share of a structure goes. */
  record Prune(Structure structure, double share) implements Step {}

  /** One layer of a transformer less. */
  record DropLayer() implements Step {}

  /** A table of the tokens' vectors. */
  record StaticStudent() implements Step {}
}
