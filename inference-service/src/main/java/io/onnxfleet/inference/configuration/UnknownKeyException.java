package io.onnxfleet.inference.configuration;

/** A key that nothing reads, most likely a misspelt one. */
final class UnknownKeyException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  UnknownKeyException(String message) {
    super(message);
  }
}
