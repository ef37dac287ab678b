package io.onnxfleet.inference.protocol.http;

/** A body in a content coding that is not served; answered with 415. */
public final class UnsupportedCodingException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  UnsupportedCodingException(String coding) {
    super(
        "Content-Encoding: %s (expected gzip, deflate or identity)".formatted(coding),
        null,
        false,
        false);
  }
}
