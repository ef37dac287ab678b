package io.onnxfleet.benchmarks;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Map;
import java.util.TreeMap;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * The body of an infer request with binary tensors: a JSON header, then the tensors' bytes in the
 * header's order. Every output is asked for in binary. The bytes are shared, not copied: they are
 * only read.
 *
 * @param bytes header and tensors
 * @param headerLength how many of the bytes are the header
 */
@SuppressWarnings("ArrayRecordComponent") // Compared by nobody; sent as it is.
record BinaryRequest(byte[] bytes, int headerLength) {
  private static final JsonMapper JSON = JsonMapper.shared();

  /** Of INT64 tensors, all of one shape: one row of {@code values.length} elements each. */
  static BinaryRequest ofRows(Map<String, long[]> inputs) {
    ObjectNode header = JSON.createObjectNode();
    ArrayNode declarations = header.putArray("inputs");
    Map<String, long[]> ordered = new TreeMap<>(inputs);
    int size = 0;
    for (Map.Entry<String, long[]> input : ordered.entrySet()) {
      int binarySize = Math.multiplyExact(input.getValue().length, Long.BYTES);
      ObjectNode declaration = declarations.addObject().put("name", input.getKey());
      declaration.putArray("shape").add(1).add(input.getValue().length);
      declaration.put("datatype", "INT64");
      declaration.putObject("parameters").put("binary_data_size", binarySize);
      size = Math.addExact(size, binarySize);
    }
    header.putObject("parameters").put("binary_data_output", true);
    byte[] json = header.toString().getBytes(UTF_8);
    ByteBuffer body = ByteBuffer.allocate(json.length + size).order(ByteOrder.LITTLE_ENDIAN);
    body.put(json);
    for (long[] values : ordered.values()) {
      for (long value : values) {
        body.putLong(value);
      }
    }
    return new BinaryRequest(body.array(), json.length);
  }
}
