package io.onnxfleet.engine.catalog;

/** Who says which models of the repository are served, in Triton's words. */
public enum ControlMode {
  /** All models load at the start; later changes are asked for. */
  NONE,
  /** All models load at the start, and what changes in the repository is followed. */
  POLL,
  /** Models load when they are asked for. */
  EXPLICIT
}
