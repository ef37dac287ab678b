package io.onnxfleet.engine.repository;

/** Brings one version of a model to the point where it takes requests. Thread-safe. */
@FunctionalInterface
interface VersionLoader {
  /**
   * Loads and warms up; takes as long as that takes.
   *
   * @throws io.onnxfleet.engine.error.InferenceException with a reason fit for the index
   */
  LoadedVersion load(ModelFolder folder, ModelFolder.Version version);

  /** What it loaded was drained and closed. */
  default void closed(LoadedVersion loaded) {}
}
