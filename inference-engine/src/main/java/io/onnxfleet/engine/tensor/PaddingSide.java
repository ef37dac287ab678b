package io.onnxfleet.engine.tensor;

/** Where a row is filled up to a greater length: before its first entry, or behind its last. */
public enum PaddingSide {
  LEFT,
  RIGHT
}
