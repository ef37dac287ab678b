package io.onnxfleet.engine.proof;

import com.google.protobuf.CodedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/**
 * An ONNX model that a test puts together node by node. Dimensions are texts: a number is fixed,
 * anything else names a variable one.
 */
final class OnnxGraph {
  static final int FLOAT = 1;
  static final int UINT8 = 2;
  static final int INT8 = 3;
  static final int INT32 = 6;
  static final int INT64 = 7;
  static final int STRING = 8;
  static final int BOOL = 9;
  static final int FLOAT16 = 10;
  static final int DOUBLE = 11;

  private final Message graph = new Message().text(2, "graph");
  private int opset = 17;

  /** A protobuf message that grows. */
  static final class Message {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final CodedOutputStream out = CodedOutputStream.newInstance(bytes);

    Message number(int field, long value) {
      return write(() -> out.writeInt64(field, value));
    }

    Message text(int field, String value) {
      return write(() -> out.writeString(field, value));
    }

    Message real(int field, float value) {
      return write(() -> out.writeFloat(field, value));
    }

    Message raw(int field, byte[] value) {
      return write(() -> out.writeByteArray(field, value));
    }

    Message message(int field, Message value) {
      return raw(field, value.bytes());
    }

    byte[] bytes() {
      write(out::flush);
      return bytes.toByteArray();
    }

    private Message write(Writing writing) {
      try {
        writing.write();
        return this;
      } catch (IOException impossible) {
        throw new UncheckedIOException(impossible);
      }
    }

    private interface Writing {
      void write() throws IOException;
    }
  }

  OnnxGraph opset(int version) {
    opset = version;
    return this;
  }

  /** A node; inputs and outputs are names with blanks between, attributes as {@link #with} says. */
  OnnxGraph node(String operator, String inputs, String outputs, Message... attributes) {
    return node("", operator, inputs, outputs, attributes);
  }

  OnnxGraph node(
      String domain, String operator, String inputs, String outputs, Message... attributes) {
    graph.message(1, nodeOf(domain, operator, inputs, outputs, attributes));
    return this;
  }

  static Message nodeOf(
      String domain, String operator, String inputs, String outputs, Message... attributes) {
    Message node = new Message();
    if (!inputs.isEmpty()) {
      Arrays.stream(inputs.split(" ", -1))
          .forEach(name -> node.text(1, name.equals("_") ? "" : name));
    }
    Arrays.stream(outputs.split(" ", -1))
        .forEach(name -> node.text(2, name.equals("_") ? "" : name));
    node.text(4, operator);
    if (!domain.isEmpty()) {
      node.text(7, domain);
    }
    Arrays.stream(attributes).forEach(attribute -> node.message(5, attribute));
    return node;
  }

  static Message with(String name, long value) {
    return new Message().text(1, name).number(3, value).number(20, 2);
  }

  static Message with(String name, float value) {
    return new Message().text(1, name).real(2, value).number(20, 1);
  }

  static Message with(String name, String value) {
    return new Message().text(1, name).raw(4, value.getBytes(StandardCharsets.UTF_8)).number(20, 3);
  }

  static Message with(String name, List<Long> values) {
    Message attribute = new Message().text(1, name);
    values.forEach(value -> attribute.number(8, value));
    return attribute.number(20, 7);
  }

  static Message with(String name, Message subgraph) {
    return new Message().text(1, name).message(6, subgraph).number(20, 5);
  }

  static Message withTexts(String name, String... values) {
    Message attribute = new Message().text(1, name);
    Arrays.stream(values)
        .forEach(value -> attribute.raw(9, value.getBytes(StandardCharsets.UTF_8)));
    return attribute.number(20, 8);
  }

  OnnxGraph floats(String name, List<Long> dims, float... values) {
    ByteBuffer raw =
        ByteBuffer.allocate(values.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    for (float value : values) {
      raw.putFloat(value);
    }
    return tensor(name, FLOAT, dims, raw.array());
  }

  OnnxGraph longs(String name, List<Long> dims, long... values) {
    ByteBuffer raw = ByteBuffer.allocate(values.length * Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    for (long value : values) {
      raw.putLong(value);
    }
    return tensor(name, INT64, dims, raw.array());
  }

  OnnxGraph tensor(String name, int type, List<Long> dims, byte[] raw) {
    Message tensor = new Message();
    dims.forEach(dim -> tensor.number(1, dim));
    graph.message(5, tensor.number(2, type).text(8, name).raw(9, raw));
    return this;
  }

  /** Values that look drawn at random and are the same in every run. */
  OnnxGraph weights(String name, long... dims) {
    int count = (int) Arrays.stream(dims).reduce(1, (left, right) -> left * right);
    float[] values = new float[count];
    long state = name.hashCode() * 2L + 1;
    for (int index = 0; index < count; index++) {
      state = state * 6364136223846793005L + 1442695040888963407L;
      values[index] = (state >> 40) / (float) (1 << 23);
    }
    return floats(name, Arrays.stream(dims).boxed().toList(), values);
  }

  OnnxGraph input(String name, int type, String... dims) {
    graph.message(11, value(name, type, dims));
    return this;
  }

  OnnxGraph output(String name, int type, String... dims) {
    graph.message(12, value(name, type, dims));
    return this;
  }

  static Message value(String name, int type, String... dims) {
    Message shape = new Message();
    for (String dim : dims) {
      boolean fixed = dim.chars().allMatch(Character::isDigit);
      shape.message(
          1, fixed ? new Message().number(1, Long.parseLong(dim)) : new Message().text(2, dim));
    }
    Message tensor = new Message().number(1, type).message(2, shape);
    return new Message().text(1, name).message(2, new Message().message(1, tensor));
  }

  Path writeTo(Path folder) {
    Message model =
        new Message()
            .number(1, 8)
            .message(7, graph)
            .message(8, new Message().text(1, "").number(2, opset))
            .message(8, new Message().text(1, "ai.onnx.ml").number(2, 3))
            .message(8, new Message().text(1, "com.microsoft").number(2, 1));
    try {
      return Files.write(Files.createDirectories(folder).resolve("model.onnx"), model.bytes());
    } catch (IOException failure) {
      throw new UncheckedIOException(failure);
    }
  }
}
