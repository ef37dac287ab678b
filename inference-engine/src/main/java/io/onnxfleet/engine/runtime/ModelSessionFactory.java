package io.onnxfleet.engine.runtime;

import io.onnxfleet.engine.error.InferenceException;
import java.nio.file.Path;

/** Opens model files; thread-safe. */
public interface ModelSessionFactory {
  /**
   * Opens a model, which may take long.
   *
   * @throws InferenceException with a reason fit for the model's index if it cannot be served
   */
  ModelSession open(Path modelFile, SessionOptions options);
}
