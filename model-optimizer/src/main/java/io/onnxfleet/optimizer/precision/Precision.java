package io.onnxfleet.optimizer.precision;

/** What a model's FP32 numbers become. */
public enum Precision {
  /** FP16 wherever the operator knows it and no number overflows. */
  FP16,
  /** Weights stored in BF16; ONNX Runtime computes nothing in it on a CPU. */
  BF16,
  /** FP16 but for the nodes that lose too much. */
  MIXED
}
