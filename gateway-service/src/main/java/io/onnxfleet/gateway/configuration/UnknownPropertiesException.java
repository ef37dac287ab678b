package io.onnxfleet.gateway.configuration;

/** The configuration holds keys that nobody reads. */
final class UnknownPropertiesException extends RuntimeException {

  UnknownPropertiesException(String message) {
    super(message);
  }
}
