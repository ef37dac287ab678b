package io.onnxfleet.engine.runtime;

import io.onnxfleet.engine.tensor.DataType;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * An ONNX model put together node by node, with constants of any shape and with attributes.
 * Dimensions are declared as texts: a number is fixed, an empty one has neither size nor name,
 * anything else is the name of a variable one.
 */
public final class OnnxGraph {
  private static final int IR_VERSION = 8;
  private static final int ATTRIBUTE_TYPE = 20;

  private final Protobuf graph = new Protobuf().text(2, "generated");
  private int opset = 17;

  /** An attribute of a node. */
  public static final class Attribute {
    private final Protobuf message;

    private Attribute(Protobuf message) {
      this.message = message;
    }

    public static Attribute number(String name, long value) {
      return new Attribute(new Protobuf().text(1, name).number(3, value).number(ATTRIBUTE_TYPE, 2));
    }

    public static Attribute numbers(String name, long... values) {
      Protobuf message = new Protobuf().text(1, name);
      for (long value : values) {
        message.number(8, value);
      }
      return new Attribute(message.number(ATTRIBUTE_TYPE, 7));
    }

    public static Attribute real(String name, float value) {
      return new Attribute(new Protobuf().text(1, name).real(2, value).number(ATTRIBUTE_TYPE, 1));
    }

    /** A subgraph. */
    public static Attribute graph(String name, OnnxGraph value) {
      return new Attribute(
          new Protobuf().text(1, name).message(6, value.graph).number(ATTRIBUTE_TYPE, 5));
    }

    public static Attribute text(String name, String value) {
      return new Attribute(new Protobuf().text(1, name).text(4, value).number(ATTRIBUTE_TYPE, 3));
    }
  }

  public OnnxGraph opset(int version) {
    opset = version;
    return this;
  }

  /**
   * A node.
   *
   * @param inputs names, with spaces between them
   * @param outputs likewise
   */
  public OnnxGraph node(String operator, String inputs, String outputs, Attribute... attributes) {
    Protobuf node = new Protobuf();
    for (String input : inputs.split(" ", -1)) {
      node.text(1, input.equals("-") ? "" : input);
    }
    for (String output : outputs.split(" ", -1)) {
      node.text(2, output.equals("-") ? "" : output);
    }
    node.text(4, operator);
    for (Attribute attribute : attributes) {
      node.message(5, attribute.message);
    }
    graph.message(1, node);
    return this;
  }

  /** A cast to an element type. */
  public OnnxGraph cast(String input, String output, DataType type) {
    return node("Cast", input, output, Attribute.number("to", ElementType.numberOf(type)));
  }

  public OnnxGraph floats(String name, long[] dims, float... values) {
    ByteBuffer raw =
        ByteBuffer.allocate(values.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    for (float value : values) {
      raw.putFloat(value);
    }
    return constant(name, DataType.FP32, dims, values.length, raw.array());
  }

  public OnnxGraph longs(String name, long[] dims, long... values) {
    ByteBuffer raw = ByteBuffer.allocate(values.length * Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    for (long value : values) {
      raw.putLong(value);
    }
    return constant(name, DataType.INT64, dims, values.length, raw.array());
  }

  /** A scalar. */
  public OnnxGraph number(String name, long value) {
    return longs(name, new long[0], value);
  }

  /** A scalar. */
  public OnnxGraph real(String name, float value) {
    return floats(name, new long[0], value);
  }

  private OnnxGraph constant(String name, DataType type, long[] dims, int count, byte[] raw) {
    if (Arrays.stream(dims).reduce(1, (one, other) -> one * other) != count) {
      throw new IllegalArgumentException(
          "%s: %d values for %s".formatted(name, count, Arrays.toString(dims)));
    }
    Protobuf tensor = new Protobuf();
    for (long dim : dims) {
      tensor.number(1, dim);
    }
    graph.message(5, tensor.number(2, ElementType.numberOf(type)).text(8, name).bytes(9, raw));
    return this;
  }

  public OnnxGraph input(String name, DataType type, String... dims) {
    graph.message(11, value(name, type, dims));
    return this;
  }

  public OnnxGraph output(String name, DataType type, String... dims) {
    graph.message(12, value(name, type, dims));
    return this;
  }

  private static Protobuf value(String name, DataType type, String... dims) {
    Protobuf shape = new Protobuf();
    for (String dim : dims) {
      Protobuf dimension = new Protobuf();
      if (!dim.isEmpty() && dim.chars().allMatch(Character::isDigit)) {
        dimension.number(1, Long.parseLong(dim));
      } else if (!dim.isEmpty()) {
        dimension.text(2, dim);
      }
      shape.message(1, dimension);
    }
    Protobuf tensor = new Protobuf().number(1, ElementType.numberOf(type)).message(2, shape);
    return new Protobuf().text(1, name).message(2, new Protobuf().message(1, tensor));
  }

  /** Writes {@code model.onnx} into the folder, which is made. */
  public Path writeTo(Path folder) {
    Protobuf model =
        new Protobuf()
            .number(1, IR_VERSION)
            .message(7, graph)
            .message(8, new Protobuf().text(1, "").number(2, opset));
    try {
      return Files.write(
          Files.createDirectories(folder).resolve("model.onnx"), model.toByteArray());
    } catch (IOException failure) {
      throw new UncheckedIOException(failure);
    }
  }
}
