package io.onnxfleet.contract.api;

/** Whether a call's body names the model, and which variant answers if that name is a family's. */
public enum ModelInBody {
  /** The body names none: the path or the query does, or the call is about no model. */
  NONE,
  /** Whichever suits the call best: each answer stands for itself. */
  ANY_VARIANT,
  /**
   * One whose answers can be compared with those to other calls: vectors and token ids of two
   * models do not belong together.
   */
  COMPARABLE_VARIANT
}
