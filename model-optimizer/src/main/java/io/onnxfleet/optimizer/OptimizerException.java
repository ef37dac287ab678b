package io.onnxfleet.optimizer;

/**
 * What was asked cannot be done, and the message says why: a bad file, a model that does not fit.
 */
public class OptimizerException extends RuntimeException {
  public OptimizerException(String message) {
    super(message);
  }

  public OptimizerException(String message, Throwable cause) {
    super(message, cause);
  }
}
