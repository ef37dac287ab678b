package io.onnxfleet.inference.protocol.v2.codec;

/** Header names of the protocol. */
public final class V2Headers {
  /** Bytes of JSON in front of the binary tensors, in requests and responses. */
  public static final String HEADER_LENGTH = "Inference-Header-Content-Length";

  private V2Headers() {}
}
