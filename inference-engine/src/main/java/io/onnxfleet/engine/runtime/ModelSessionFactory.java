package io.onnxfleet.engine.runtime;

import io.onnxfleet.engine.error.InferenceException;

/** Opens model files; thread-safe. */
public interface ModelSessionFactory {
  /**
   * Opens a model, which may take long. The session never reads the files where they lie: what is
   * written there afterwards changes nothing.
   *
   * @throws InferenceException with a reason fit for the model's index if it cannot be served
   */
  ModelSession open(ModelSource model, SessionOptions options);

  /** The version of what runs models, or empty if it has none. */
  default String version() {
    return "";
  }
}
