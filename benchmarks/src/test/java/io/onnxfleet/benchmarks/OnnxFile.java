package io.onnxfleet.benchmarks;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * Small ONNX models, each of which a server may easily answer wrongly. Written field by field, as
 * protobuf has it.
 */
final class OnnxFile {
  private static final int FLOAT = 1;
  private static final int INT32 = 6;
  private static final int INT64 = 7;

  private static final int ATTRIBUTE_TYPE = 20;
  private static final int INTS = 7;

  private final Message graph = new Message().text(2, "g");
  private final Message opsets = new Message();

  private OnnxFile() {
    opsets.message(8, new Message().number(2, 13));
  }

  /** {@code sim = x . transposed(x)}: each row is compared with every other. */
  static OnnxFile pairwise(int columns) {
    return new OnnxFile()
        .node("Transpose", "x", "xt", ints("perm", 1, 0))
        .node("MatMul", "x xt", "sim")
        .input("x", FLOAT, "batch", columns)
        .output("sim", FLOAT, "batch", "MatMulsim_dim_1");
  }

  /** {@code d = x - mean(x)} over the rows of a request. */
  static OnnxFile centred(int columns) {
    return new OnnxFile()
        .node("ReduceMean", "x", "m", ints("axes", 0))
        .node("Sub", "x m", "d")
        .input("x", FLOAT, "batch", columns)
        .output("d", FLOAT, "batch", columns);
  }

  /** {@code y = x . w}, where every weight is the value. */
  static OnnxFile product(int size, float value) {
    OnnxFile file = new OnnxFile().node("MatMul", "x w", "y");
    file.graph.message(5, weights("w", size, size).bytes(9, values(size, value)));
    return file.input("x", FLOAT, "batch", size).output("y", FLOAT, "batch", size);
  }

  /** Rows of a table that lies in another file. */
  static OnnxFile lookup(int size, String location) {
    OnnxFile file = new OnnxFile().node("Gather", "w i", "y");
    file.graph.message(
        5,
        weights("w", size, size)
            .message(13, new Message().text(1, "location").text(2, location))
            .number(14, 1));
    return file.input("i", INT64, "batch").output("y", FLOAT, "batch", size);
  }

  /** A text model of a table, two numbers a word: {@code [value, 1]}. */
  static OnnxFile words(int count, float value) {
    ByteBuffer table = ByteBuffer.allocate(2 * count * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    for (int word = 0; word < count; word++) {
      table.putFloat(value).putFloat(1);
    }
    OnnxFile file = new OnnxFile().node("Gather", "w input_ids", "last_hidden_state");
    file.graph.message(5, weights("w", count, 2).bytes(9, table.array()));
    return file.input("input_ids", INT64, "batch", "sequence")
        .output("last_hidden_state", FLOAT, "batch", "sequence", 2);
  }

  /** {@code y = x + x}. */
  static OnnxFile doubled(int columns) {
    return new OnnxFile()
        .node("Add", "x x", "y")
        .input("x", FLOAT, "batch", columns)
        .output("y", FLOAT, "batch", columns);
  }

  /**
   * A pool whose mask of one element ONNX Runtime reads as if it were as large as the picture: a
   * valid request with a large one ends the process by a SIGSEGV, with small ones it runs.
   */
  static OnnxFile crashingPool() {
    OnnxFile file = new OnnxFile();
    file.opsets.message(8, new Message().text(1, "com.microsoft").number(2, 1));
    file.graph.message(
        1,
        nodeOf("MaxpoolWithMask", "x mask", "y", ints("kernel_shape", 2, 2))
            .text(7, "com.microsoft"));
    return file.input("x", FLOAT, 1, 1, "height", "width")
        .input("mask", INT32, 1, 1, 1, 1)
        .output("y", FLOAT, 1, 1, "a", "b");
  }

  /** The bytes of the weights of a square matrix. */
  static byte[] values(int size, float value) {
    ByteBuffer bytes =
        ByteBuffer.allocate(size * size * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    float[] row = new float[size * size];
    Arrays.fill(row, value);
    bytes.asFloatBuffer().put(row);
    return bytes.array();
  }

  /** As version 1 of a model in a folder. */
  Path writeTo(Path models, String name) throws IOException {
    Path version = Files.createDirectories(models.resolve(name).resolve("1"));
    return Files.write(version.resolve("model.onnx"), bytes());
  }

  byte[] bytes() {
    return new Message().number(1, 8).message(7, graph).bytes(opsets.toByteArray()).toByteArray();
  }

  private OnnxFile node(String operator, String inputs, String output, Message... attributes) {
    graph.message(1, nodeOf(operator, inputs, output, attributes));
    return this;
  }

  private static Message nodeOf(
      String operator, String inputs, String output, Message... attributes) {
    Message node = new Message();
    for (String input : inputs.split(" ", -1)) {
      node.text(1, input);
    }
    node.text(2, output).text(4, operator);
    for (Message attribute : attributes) {
      node.message(5, attribute);
    }
    return node;
  }

  private static Message ints(String name, long... values) {
    Message attribute = new Message().text(1, name);
    for (long value : values) {
      attribute.number(8, value);
    }
    return attribute.number(ATTRIBUTE_TYPE, INTS);
  }

  private static Message weights(String name, int rows, int columns) {
    return new Message().number(1, rows).number(1, columns).number(2, FLOAT).text(8, name);
  }

  private OnnxFile input(String name, int type, Object... dims) {
    graph.message(11, value(name, type, dims));
    return this;
  }

  private OnnxFile output(String name, int type, Object... dims) {
    graph.message(12, value(name, type, dims));
    return this;
  }

  /** A dimension is a size or a name. */
  private static Message value(String name, int type, Object... dims) {
    Message shape = new Message();
    for (Object dim : dims) {
      shape.message(
          1,
          dim instanceof Integer size
              ? new Message().number(1, size)
              : new Message().text(2, dim.toString()));
    }
    Message tensor = new Message().number(1, type).message(2, shape);
    return new Message().text(1, name).message(2, new Message().message(1, tensor));
  }

  /** A protobuf message under way. */
  private static final class Message {
    private static final int LENGTH_DELIMITED = 2;

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

    Message number(int field, long value) {
      varint((long) field << 3);
      varint(value);
      return this;
    }

    Message text(int field, String value) {
      return bytes(field, value.getBytes(UTF_8));
    }

    Message message(int field, Message value) {
      return bytes(field, value.toByteArray());
    }

    Message bytes(int field, byte[] value) {
      varint((long) field << 3 | LENGTH_DELIMITED);
      varint(value.length);
      return bytes(value);
    }

    /** Fields that were put together elsewhere. */
    Message bytes(byte[] fields) {
      bytes.writeBytes(fields);
      return this;
    }

    private void varint(long value) {
      long rest = value;
      while ((rest & ~0x7FL) != 0) {
        bytes.write((int) ((rest & 0x7F) | 0x80));
        rest >>>= 7;
      }
      bytes.write((int) rest);
    }

    byte[] toByteArray() {
      return bytes.toByteArray();
    }
  }
}
