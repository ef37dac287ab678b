package io.onnxfleet.optimizer.quantize.dynamic;

/** Over how much of an activation one scale is taken, when it becomes 8-bit while a model runs. */
public enum ActivationScale {
  /**
   * Over all of it, as ONNX's own operator does: a row's answer depends on the rows beside it, so
   * that the fleet runs such a model row by row.
   */
  BATCH,
  /** Over each token, or row of numbers: its answer is the same in any company. */
  TOKEN
}
