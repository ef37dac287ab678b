package io.onnxfleet.contract.json;

/** Makes what {@link JsonScanner} throws where something is not JSON, in its user's own terms. */
@FunctionalInterface
public interface JsonRefusal {

  /** A failure without a stack trace, as a library for all would throw it. */
  JsonRefusal MALFORMED = MalformedJsonException::new;

  /**
   * What to throw.
   *
   * @param message says where what was found, and what was expected; may be shown
   */
  RuntimeException of(String message);
}
