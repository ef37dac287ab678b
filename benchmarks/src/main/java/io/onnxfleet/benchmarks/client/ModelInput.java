package io.onnxfleet.benchmarks.client;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.random.RandomGenerator;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;

/**
 * An input that a model declares in its metadata, and data that any model takes there: small whole
 * numbers, which are in every vocabulary, ones in a mask, reals between 0 and 1. Immutable.
 *
 * @param shape -1 where a request decides
 */
public record ModelInput(String name, String datatype, List<Long> shape) {
  private static final int SMALLEST_VOCABULARY = 100;
  private static final long VARIABLE = -1;

  public ModelInput {
    shape = List.copyOf(shape);
  }

  /** Those of a {@code /v2/models/{m}} document. */
  static List<ModelInput> parse(JsonNode metadata) {
    List<ModelInput> inputs = new ArrayList<>();
    for (JsonNode input : metadata.path("inputs")) {
      List<Long> shape = new ArrayList<>();
      input.path("shape").forEach(dimension -> shape.add(dimension.asLong()));
      inputs.add(
          new ModelInput(input.path("name").asString(), input.path("datatype").asString(), shape));
    }
    if (inputs.isEmpty()) {
      throw new IllegalArgumentException("the model's metadata declare no input: " + metadata);
    }
    return inputs;
  }

  /**
   * The shape in one request: the first dimension, if a request decides, is the rows; the others
   * that it decides are the tokens.
   */
  public List<Long> shape(int rows, int tokens) {
    if (rows > 1 && (shape.isEmpty() || shape.getFirst() != VARIABLE)) {
      throw new IllegalArgumentException(
          "input '%s': shape %s takes no %d rows (expected: --rows 1)"
              .formatted(name, shape, rows));
    }
    List<Long> actual = new ArrayList<>();
    for (int i = 0; i < shape.size(); i++) {
      long dimension = shape.get(i);
      actual.add(dimension != VARIABLE ? dimension : i == 0 ? (long) rows : (long) tokens);
    }
    return actual;
  }

  /** As many values as such a shape has. */
  public double[] values(List<Long> actual, RandomGenerator random) {
    long count = 1;
    for (long dimension : actual) {
      count = Math.multiplyExact(count, dimension);
    }
    double[] values = new double[Math.toIntExact(count)];
    for (int i = 0; i < values.length; i++) {
      values[i] = value(random);
    }
    return values;
  }

  private double value(RandomGenerator random) {
    String lowerName = name.toLowerCase(Locale.ROOT);
    return switch (datatype) {
      case "FP16", "BF16", "FP32", "FP64" -> random.nextFloat();
      case "BOOL" -> random.nextInt(2);
      default ->
          lowerName.contains("mask")
              ? 1
              : lowerName.contains("type") ? 0 : random.nextInt(1, SMALLEST_VOCABULARY);
    };
  }

  /** Little-endian, as the binary format has it. */
  public byte[] binary(double[] values) {
    int width =
        switch (datatype) {
          case "BOOL", "INT8", "UINT8" -> 1;
          case "INT16", "UINT16", "FP16", "BF16" -> 2;
          case "INT32", "UINT32", "FP32" -> 4;
          case "INT64", "UINT64", "FP64" -> 8;
          case "BYTES" -> 4 + 2;
          default -> throw unknownDatatype();
        };
    ByteBuffer bytes =
        ByteBuffer.allocate(Math.multiplyExact(width, values.length))
            .order(ByteOrder.LITTLE_ENDIAN);
    for (double value : values) {
      switch (datatype) {
        case "BOOL", "INT8", "UINT8" -> bytes.put((byte) value);
        case "INT16", "UINT16" -> bytes.putShort((short) value);
        case "FP16" -> bytes.putShort(Float.floatToFloat16((float) value));
        case "BF16" -> bytes.putShort((short) (Float.floatToIntBits((float) value) >>> 16));
        case "INT32", "UINT32" -> bytes.putInt((int) value);
        case "FP32" -> bytes.putFloat((float) value);
        case "INT64", "UINT64" -> bytes.putLong((long) value);
        case "FP64" -> bytes.putDouble(value);
        case "BYTES" -> {
          bytes.putInt(2);
          bytes.put((byte) ('0' + (int) value / 10)).put((byte) ('0' + (int) value % 10));
        }
        default -> throw unknownDatatype();
      }
    }
    return bytes.array();
  }

  public void json(double[] values, ArrayNode data) {
    for (double value : values) {
      switch (datatype) {
        case "BOOL" -> data.add(value != 0);
        case "FP32" -> data.add((float) value);
        case "FP64" -> data.add(value);
        case "BYTES" -> data.add(Long.toString((long) value));
        case "FP16", "BF16" ->
            throw new IllegalArgumentException(
                "input '%s': %s travels in binary only (expected: --input binary)"
                    .formatted(name, datatype));
        default -> data.add((long) value);
      }
    }
  }

  private IllegalArgumentException unknownDatatype() {
    return new IllegalArgumentException(
        "input '%s': datatype %s (expected: one of the protocol's)".formatted(name, datatype));
  }
}
