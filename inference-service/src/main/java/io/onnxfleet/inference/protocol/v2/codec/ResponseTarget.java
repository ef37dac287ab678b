package io.onnxfleet.inference.protocol.v2.codec;

import java.io.IOException;
import java.io.OutputStream;

/** Where an answer goes: its headers first, then its body. */
public interface ResponseTarget {
  /**
   * The body of an answer that is all JSON.
   *
   * @param estimatedLength about how long it will be
   */
  OutputStream beginJson(long estimatedLength) throws IOException;

  /**
   * The body of an answer with binary tensors.
   *
   * @param headerLength bytes of JSON in front
   * @param length all bytes
   */
  OutputStream beginBinary(long headerLength, long length) throws IOException;
}
