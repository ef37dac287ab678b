package io.onnxfleet.inference.protocol.v2.codec;

import java.util.Map;

/**
 * In which form each output travels.
 *
 * @param binaryByDefault the request's own wish
 * @param binaryByName the wishes of single outputs, which win
 */
public record OutputForms(boolean binaryByDefault, Map<String, Boolean> binaryByName) {
  /** Everything in JSON. */
  public static final OutputForms JSON = new OutputForms(false, Map.of());

  public OutputForms {
    binaryByName = Map.copyOf(binaryByName);
  }

  boolean isBinary(String output) {
    return binaryByName.getOrDefault(output, binaryByDefault);
  }
}
