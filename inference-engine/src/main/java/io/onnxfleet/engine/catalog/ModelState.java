package io.onnxfleet.engine.catalog;

/** Where a model version is in its life; a state is reported only once it is true. */
public enum ModelState {
  LOADING,
  READY,
  UNLOADING,
  UNAVAILABLE
}
