package io.onnxfleet.configuration;

/** The configuration holds keys that nothing reads, most likely misspelt ones. */
public final class UnknownKeysException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  UnknownKeysException(String message) {
    super(message);
  }
}
