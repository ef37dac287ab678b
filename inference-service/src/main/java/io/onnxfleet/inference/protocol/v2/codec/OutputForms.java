package io.onnxfleet.inference.protocol.v2.codec;

import java.util.Map;

/**
 * In which form each output travels.
 *
 * @param binaryByDefault the request's own wish
 * @param binaryByName the wishes of single outputs, which win
 * @param classesByName outputs of which the best classes are wanted, and how many; at least 1 each
 */
public record OutputForms(
    boolean binaryByDefault,
    Map<String, Boolean> binaryByName,
    Map<String, Integer> classesByName) {
  /** Everything in JSON. */
  public static final OutputForms JSON = new OutputForms(false, Map.of(), Map.of());

  /** Everything in binary. */
  static final OutputForms BINARY = new OutputForms(true, Map.of(), Map.of());

  public OutputForms {
    binaryByName = Map.copyOf(binaryByName);
    classesByName = Map.copyOf(classesByName);
  }

  boolean isBinary(String output) {
    return binaryByName.getOrDefault(output, binaryByDefault);
  }
}
