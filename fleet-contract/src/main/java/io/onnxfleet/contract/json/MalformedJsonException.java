package io.onnxfleet.contract.json;

/** Something is not JSON. Its message may be shown; it has no stack trace, so it costs little. */
public final class MalformedJsonException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public MalformedJsonException(String message) {
    super(message, null, false, false);
  }
}
