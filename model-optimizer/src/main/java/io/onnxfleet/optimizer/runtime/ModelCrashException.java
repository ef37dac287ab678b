package io.onnxfleet.optimizer.runtime;

import io.onnxfleet.optimizer.OptimizerException;

/** A model ended the process that it was opened or run in. */
public final class ModelCrashException extends OptimizerException {
  ModelCrashException(String message) {
    super(message);
  }
}
