package io.onnxfleet.engine.instance;

import io.onnxfleet.engine.tensor.Tensor;
import java.util.Optional;

/** Tells whether two answers to the same request are the same but for rounding. Thread-safe. */
@FunctionalInterface
public interface AnswerComparison {
  /**
   * Compares one output.
   *
   * @param output its name
   * @return how they differ, in types and shapes and never in values; empty if they do not
   */
  Optional<String> difference(String output, Tensor given, Tensor alone);
}
