package io.onnxfleet.gateway.security;

/** Where the caller of one request is. Found out when it is asked for. */
public interface CallerOrigin {

  /** The address of the connection, whatever the request says. */
  String peer();

  /** The address that tells callers apart: the peer's, or the one that a trusted proxy told. */
  String address();
}
