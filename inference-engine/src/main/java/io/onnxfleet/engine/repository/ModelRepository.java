package io.onnxfleet.engine.repository;

import io.onnxfleet.engine.error.InferenceException;
import java.util.List;
import java.util.Optional;

/**
 * The models that may be served. Each call looks anew; nothing is kept. Thread-safe.
 *
 * <p>A model that cannot be served is listed with its {@linkplain ModelFolder#problem problem} and
 * hides no other.
 */
public interface ModelRepository {
  /**
   * All models by name, ascending.
   *
   * @throws InferenceException if the repository itself cannot be read
   */
  List<ModelFolder> scan();

  /** One model, or empty if there is none of that name. */
  Optional<ModelFolder> find(String name);
}
