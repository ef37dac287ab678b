package io.onnxfleet.engine.repository;

/** Where a model version is in its life; a state is reported only once it is true. */
public enum ModelState {
  LOADING,
  READY,
  UNLOADING,
  UNAVAILABLE
}
