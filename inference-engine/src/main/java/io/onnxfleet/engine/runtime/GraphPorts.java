package io.onnxfleet.engine.runtime;

import io.onnxfleet.engine.error.InferenceException;
import java.lang.foreign.MemorySegment;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The inputs and outputs of an open session, by name and in the model's order.
 *
 * @param inputs the overridable initializers last
 * @param outputs each name once
 * @param signature what is told of them to others
 */
record GraphPorts(Map<String, Port> inputs, Map<String, Port> outputs, ModelSignature signature) {
  private static final int MOST_NAMES_TOLD = 16;

  GraphPorts {
    inputs = Collections.unmodifiableMap(new LinkedHashMap<>(inputs));
    outputs = Collections.unmodifiableMap(new LinkedHashMap<>(outputs));
  }

  /**
   * The input of that name.
   *
   * @throws InferenceException if there is none
   */
  Port input(String name) {
    Port port = inputs.get(name);
    if (port == null) {
      throw InferenceException.invalidInput("input '%s' (expected one of %s)", name, some(inputs));
    }
    return port;
  }

  /**
   * The output of that name.
   *
   * @throws InferenceException if there is none
   */
  Port output(String name) {
    Port port = outputs.get(name);
    if (port == null) {
      throw InferenceException.invalidInput(
          "output '%s' (expected one of %s)", name, some(outputs));
    }
    return port;
  }

  private static List<String> some(Map<String, Port> ports) {
    return ports.keySet().stream().limit(MOST_NAMES_TOLD).toList();
  }

  /**
   * One input or output.
   *
   * @param nativeName the name as a C string, byte for byte the model's own
   */
  record Port(String name, MemorySegment nativeName, OnnxType type) {}
}
